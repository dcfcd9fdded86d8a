# Every target ends with one line `NAME: ok …` or `NAME: FAILED …`. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# Elections start hundreds of programs; without bytecode each would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3
VOTERS ?= 200
CONFIG ?= election_configs/kawabe-2027.yaml
N ?= 1000
SEED ?= 2027
GROUP ?= ristretto255
KILLS ?= 5
RATE ?= 150
STORE ?= postgresql
SERVICES ?=
STAMPING ?=
SECONDS ?= 60
ONLY ?=
KERNEL ?= on
ARITHMETIC ?=
DIR ?=
WRITE ?=
PORT ?= 8080
VMNV ?=
VMND ?=
GO_CLIENT ?=
AICS_PYTHON ?=

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready-kernel-$(KERNEL)
PACKAGES := crypto execution voting tally verifier_app
STEP := @.ci/step
BROWSER := $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement tests/browser/playwright.txt
# Tests write many small durable files: in memory where there is a gigabyte for them.
MEMORY := $(shell [ -w /dev/shm ] && [ "$$(df -kP /dev/shm | awk 'END {print $$4}')" -gt 1000000 ] && echo TMPDIR=/dev/shm)

.PHONY: help setup demo test check quick fast lint types kernel tampered vectors corpus fuzz client-fuzz client serve e2e screenshots bench agreement ivxv-published load faults tally-faults mutation judge oracles log-oracles lock clean

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12
	@echo "variables: VOTERS=$(VOTERS) CONFIG=$(CONFIG) (demo)  N=$(N) (bench, corpus)  SEED=$(SEED) (corpus)  GROUP=$(GROUP) (demo, bench)  KILLS=$(KILLS) (tally-faults; faults: 100)  RATE=$(RATE) STORE=$(STORE) SERVICES=$(SERVICES) STAMPING=$(STAMPING) (load, faults)  SECONDS=$(SECONDS) (fuzz, client-fuzz; load: 300) ONLY=$(ONLY) (fuzz, fast)  WRITE=$(WRITE) (client)  PORT=$(PORT) (serve)  VMNV=$(VMNV) VMND=$(VMND) (oracles)  GO_CLIENT=$(GO_CLIENT) AICS_PYTHON=$(AICS_PYTHON) (log-oracles)  PYTHON=$(PYTHON) KERNEL=$(KERNEL) ARITHMETIC=$(ARITHMETIC) (tampered)"

setup: $(STAMP) ## virtual environment with the locked dependencies (KERNEL=off: without the native kernel)
	@if [ -e $(VENV)/.node-lacks ]; then .ci/client "$(VENV)" install; fi
	@if [ -e $(VENV)/.kernel-lacks ] && command -v cargo >/dev/null; then .ci/setup "$(PYTHON)" "$(VENV)" "$(KERNEL)" && touch $(STAMP); fi
	@echo "setup: ok $(BIN), arithmetic: $$($(BIN)/python -c 'from crypto.groups import active_arithmetic as a; print(a())')"

$(STAMP): requirements.lock pyproject.toml package-lock.json .ci/setup .ci/client $(wildcard crypto/kernel/*.toml crypto/kernel/src/*.rs)
	@.ci/setup "$(PYTHON)" "$(VENV)" "$(KERNEL)"
	@touch $@

demo: $(STAMP) ## a whole small election, verified; then a changed copy, refused (VOTERS=200 CONFIG=… GROUP=…)
	@$(BIN)/python tests/e2e/demo.py --config "$(CONFIG)" --group "$(GROUP)" --voters "$(VOTERS)" --out build/demo

test: $(STAMP) ## all tests
	$(STEP) test env $(MEMORY) $(BIN)/python -m pytest -n 2 tests

check: $(STAMP) lint types kernel ## lint, types, the kernel and all tests: what CI runs
	$(STEP) check env $(MEMORY) $(BIN)/python -m pytest -n 2 tests

quick: $(STAMP) lint types ## the first part of check: lint, types and the fast tests
	$(STEP) quick env $(MEMORY) $(BIN)/python -m pytest -n 2 -m "not e2e" tests

fast: $(STAMP) ## the fast tests alone (ONLY=folders)
	$(STEP) fast env $(MEMORY) $(BIN)/python -m pytest -n 2 -m "not e2e" $(or $(ONLY),tests)

lint: $(STAMP)
	$(STEP) lint .ci/lint "$(BIN)" $(PACKAGES) tests

kernel: $(STAMP) ## format, lint and tests of the native kernel (needs cargo)
	@.ci/kernel "$(KERNEL)"

types: $(STAMP)
	$(STEP) types .ci/types "$(BIN)"

tampered: $(STAMP) ## every forgery written to build/tampered, each refused by exactly its check (ARITHMETIC=reference)
	@$(BIN)/python -m tests.tampered cases --out build/tampered $(if $(ARITHMETIC),--arithmetic $(ARITHMETIC))

vectors: $(STAMP) ## shuffles and decryptions in Verificatum's format, honest and tampered, in build/vectors
	@$(BIN)/python -m tests.verifier_app.verificatum.publish --out build/vectors

corpus: $(STAMP) ## N random lies, sealed again, none of which may be accepted (N=1000 SEED=2027)
	@$(BIN)/python -m tests.tampered corpus --n "$(N)" --seed "$(SEED)"

fuzz: $(STAMP) ## every parser against hostile input (SECONDS=60, ONLY=part of a target's name)
	@.ci/fuzz "$(BIN)" "$(SECONDS)" "$(ONLY)"

client-fuzz: $(STAMP) ## crypto/js and the Python, asked the same at random (SECONDS=60; needs Node)
	@$(BIN)/python -m tests.client fuzz --seconds "$(SECONDS)"

client: $(STAMP) ## the voting page's bundle, the one of voting/client/bundle.sha256 (WRITE=yes after a change; needs Node)
	$(STEP) client env PATH="$$PATH:$(CURDIR)/$(BIN)" node voting/client/build.mjs $(if $(WRITE),--write)

serve: client ## a test election to vote in with a browser, until Ctrl-C (CONFIG=… PORT=8080; needs Node and nginx)
	@$(BIN)/python -m tests.e2e.serve --config "$(CONFIG)" --port "$(PORT)" --out build/serve

e2e: client ## the voting page in Chromium before a real collector (needs Node, nginx and chromium)
	@$(BROWSER)
	$(STEP) e2e env $(MEMORY) $(BIN)/python -m pytest tests/browser/voting_page.py tests/browser/second_device.py

screenshots: client ## every screen in build/screenshots/{ja,en,et}/{320,1280}
	@$(BROWSER)
	$(STEP) screenshots $(BIN)/python -m tests.browser.screenshots --out build/screenshots

bench: $(STAMP) ## CPU time per ciphertext of every step (N=1000 GROUP=ristretto255)
	$(STEP) bench $(BIN)/python -m tests.benchmarks mix --group "$(GROUP)" --n "$(N)"

agreement: N = 10000
agreement: $(STAMP) ## kernel and reference compute the same, every operation of every group (N=10000; minutes)
	@$(BIN)/python -m tests.crypto.agreement --n "$(N)"

ivxv-published: $(STAMP) ## verifier ivxv over published Estonian files, which are not ours to ship (DIR=folder)
	@$(BIN)/python -m tests.verifier_app.ivxv "$(DIR)"

load: SECONDS = 300
load: $(STAMP) ## voters who come by a schedule, and how long they wait (RATE=150 SECONDS=300 STORE=… SERVICES=on STAMPING=program)
	@$(BIN)/python -m tests.load load --rate "$(RATE)" --seconds "$(SECONDS)" --store "$(STORE)" $(if $(SERVICES),--services) $(if $(STAMPING),--stamping "$(STAMPING)")

faults: KILLS = 100
faults: $(STAMP) ## a collector whose parts are killed, and more, while voters come (KILLS=100 STORE=… STAMPING=program; half an hour)
	@$(BIN)/python -m tests.load faults --kills "$(KILLS)" --store "$(STORE)" $(if $(STAMPING),--stamping "$(STAMPING)")

tally-faults: VOTERS = 12
tally-faults: $(STAMP) ## the demo, every tally step killed KILLS times and run again (KILLS=5 VOTERS=12)
	@$(BIN)/python tests/e2e/demo.py --voters "$(VOTERS)" --kills "$(KILLS)" --out build/tally-faults

mutation: $(STAMP) ## changes one thing at a time in what decides; a test must notice (hours; ONLY=crypto/proofs)
	@env $(MEMORY) $(BIN)/python -m tests.mutation $(ONLY)

judge: $(STAMP) ## our signed ballots at level LT before libdigidocpp, and its signatures before ours
	$(STEP) judge $(BIN)/python -m pytest tests/judge

oracles: $(STAMP) ## our proofs before Verificatum's verifier (VMNV=/path/to/vmnv; docs/oracles.md)
	@$(BIN)/python -m tests.oracles --vmnv "$(VMNV)" --vmnd "$(VMND)"

log-oracles: $(STAMP) ## our log and receipts before other people's clients (GO_CLIENT=… AICS_PYTHON=…; docs/oracles.md)
	@$(BIN)/python -m tests.oracles.logs --go "$(GO_CLIENT)" --aics "$(AICS_PYTHON)"

lock: $(STAMP) ## rewrite requirements.lock from pyproject.toml (needs uv)
	$(STEP) lock .ci/lock

clean: ## remove what was built; the virtual environment stays
	@rm -rf build dist .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@echo "clean: ok"
