"""A whole small election, run as its users run it: every party a process with its own folder.

This script imports nothing of ours. It starts the programs `voting`, `tally` and `verifier`,
carries files between folders as a courier would, and says what happens. Every command is run in
the folder OUT and stands in OUT/commands.log; what it printed is in OUT/transcript.txt.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import hashlib
import json
import os
import random
import re
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
GROUPS = ("ristretto255", "P-256", "P-384", "modp-2048", "modp-3072")
GROUP = GROUPS[0]
CONFIG = ROOT / "election_configs" / "kawabe-2027.yaml"
# How many people live where: districts 1, 2, … of an election with so many, person after person.
LIVING = {2: (1, 0), 3: (0, 1, 0, 0, 1, 0, 2, 0, 1, 0)}
NAMES = {
    "ja": (
        ("佐藤", "鈴木", "高橋", "田中", "伊藤", "渡辺", "山本", "中村", "小林", "加藤"),
        ("葵", "蓮", "陽菜", "湊", "凛", "樹", "結衣", "大和", "さくら", "悠真", "紬", "律"),
    ),
    "et": (
        ("Tamm", "Saar", "Mägi", "Kask", "Rebane", "Ivanov", "Koppel", "Õunapuu", "Virtanen"),
        ("Mari", "Jaan", "Liina", "Toomas", "Katrin", "Olga", "Märt", "Ülle", "Andrei", "Piret"),
    ),
}
PASS = "--passphrase-file secrets/passphrase.txt"
PIN = "--pin-file secrets/pin.txt"
COLLECTOR = f"--home homes/collector {PASS}"
SERVER = """\
[services]
timestamps = "unix:pki.sock"
ocsp = "unix:pki.sock"

[notices]
smtp_host = "127.0.0.1"
smtp_port = {port}
smtp_security = "none"
sender = "office@election.example"
"""
VOTER = f"--collector unix:collector.sock --trust trust {PIN}"
CEREMONY = f"--exchange ceremony --config election.yaml --parties parties {PASS}"
WORK = "--work counting-room"
VERIFY = "--box box.sqlite --trust trust"


class DemoError(Exception):
    """A step of the demonstration did not do what it should."""


def identifier(number: int) -> str:
    return f"{700000000000 + number}"


def kind(command: str) -> str:
    """Which step of which program, without its options."""
    return command.split(" --")[0]


class Demo:
    """The courier: starts each party's program and carries files between the folders."""

    def __init__(
        self, config: Path, out: Path, voters: int, seed: int, kills: int, group: str
    ) -> None:
        self.config = config
        self.group = group
        self.election: dict[str, Any] = YAML(typ="safe", pure=True).load(config)
        parties = self.election["parties"]
        self.officials: list[str] = [member["id"] for member in parties["officials"]["members"]]
        self.trustees: list[str] = [member["id"] for member in parties["trustees"]["members"]]
        self.mixers: list[str] = [member["id"] for member in parties["mixers"]]
        self.auditors: list[str] = [member["id"] for member in parties["auditors"]["members"]]
        self.witnesses: dict[str, str] = {
            member["id"]: member["key_name"] for member in parties["witnesses"]["members"]
        }
        self.keyholders = [
            *self.trustees,
            *self.mixers,
            parties["collector"]["id"],
            *self.auditors,
            *self.witnesses,
        ]
        # Any quorum will do: this one leaves a gap where it can.
        others = parties["trustees"]["threshold"] - 1
        self.decrypting = [self.trustees[0], *self.trustees[len(self.trustees) - others :]]
        self.out = out
        self.voters = voters
        self.kills = kills
        self.took: dict[str, float] = {}  # seconds that a kind of step needed when it ended
        self.killed: list[str] = []  # every command that a kill met while it ran
        # The electorate is invented and should be repeatable; no secret comes from this generator.
        self.random = random.Random(seed)

    # -- running programs -------------------------------------------------------------------------

    def run(self, command: str, expect: int = 0) -> str:
        """Run one command in OUT; its standard output.

        Raises:
            DemoError: it ended with another exit code than expected.
        """
        self.log(command)
        if command.startswith("tally "):
            for _ in range(self.kills):
                self.kill(command)
        return self.finish(command, self.start(command), None, expect)

    def log(self, line: str) -> None:
        """Everything that is done stands in OUT/commands.log, comments after a #."""
        with (self.out / "commands.log").open("a", encoding="utf-8") as log:
            log.write(f"{line}\n")

    def carry(self, source: str, target: str) -> None:
        """Carry a file or folder from one party to another."""
        self.log(f"cp -r {source} {target}")
        come_from, go_to = self.out / source, self.out / target
        if come_from.is_dir():
            shutil.copytree(come_from, go_to)
        else:
            shutil.copy(come_from, go_to)

    def start(self, command: str) -> subprocess.Popen[str]:
        program, *arguments = shlex.split(command)
        return subprocess.Popen(
            [BIN / program, *arguments],
            cwd=self.out,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def finish(
        self, command: str, started: subprocess.Popen[str], timeout: float | None, expect: int
    ) -> str:
        """Wait for a command's end; its standard output. Raises DemoError as `run` does."""
        at = time.monotonic()
        out, err = started.communicate(timeout=timeout)
        if started.returncode != expect:
            said = f"{out}{err}"
            raise DemoError(f"{command}\nended with {started.returncode}, not {expect}:\n{said}")
        self.took[kind(command)] = time.monotonic() - at
        self.transcribe(command, err + out)
        return out

    def transcribe(self, command: str, said: str) -> None:
        """What a command said; in one write, since two commands may end at once."""
        with (self.out / "transcript.txt").open("a", encoding="utf-8") as transcript:
            transcript.write(f"$ {command}\n{said}")

    def kill(self, command: str) -> None:
        """Start a command and kill it at a random moment of the time that such a step takes.

        One that ended before must have done its work: it is run again all the same.
        """
        started = self.start(command)
        try:
            longest = self.took.get(kind(command), 1.1)
            self.finish(command, started, random.uniform(0.1, longest), 0)
        except subprocess.TimeoutExpired:
            started.kill()
            started.communicate()
            if started.returncode == -signal.SIGKILL:
                self.killed.append(command)

    def run_all(self, commands: list[str]) -> None:
        """Run independent commands, two at a time."""
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(self.run, commands))

    def sign(self, document: str) -> None:
        """As many officials as must, one after the other, sign a document with their cards."""
        for official in self.officials[: self.election["parties"]["officials"]["required"]]:
            self.run(f"voting sign {document} --card homes/{official}/card.p12 {PIN}")

    def order(self, kind: str, number: int, reason: str = "") -> str:
        """Officials sign what shall happen to voting; the signed order."""
        said = f" --reason {shlex.quote(reason)}" if reason else ""
        made = f"order-{kind}-{number}"
        self.run(
            f"voting election order {kind} --manifest election --number {number} --out .{said}"
        )
        self.sign(f"{made}.json")
        return f"{made}.asice"

    def to_log(self, *documents: str) -> None:
        """The operator appends documents to the public log and carries the newer log on."""
        self.run(f"voting collector append {' '.join(documents)} {COLLECTOR}")
        self.run("voting collector log --home homes/collector --out carried-log")
        if (self.out / "counting-room").exists():
            self.run(f"tally log carried-log {WORK}")

    def say(self, text: str) -> None:
        print("\n".join(f"      {line}" for line in text.rstrip().splitlines()), flush=True)

    # -- before the election ----------------------------------------------------------------------

    def configure(self) -> None:
        self.log("# secrets/: one passphrase and one PIN for everybody, as only a demo may have")
        (self.out / "secrets").mkdir(mode=0o700)
        (self.out / "secrets/passphrase.txt").write_text(secrets.token_urlsafe(24) + "\n")
        (self.out / "secrets/pin.txt").write_text(f"{secrets.randbelow(10**6):06d}\n")
        now = dt.datetime.now(dt.UTC).replace(microsecond=0)
        changes = {
            "opens": f"{now - dt.timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}",
            "closes": f"{now + dt.timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}",
            "election_day": f"{now + dt.timedelta(days=1):%Y-%m-%d}",
        }
        minimum = self.election["privacy_minimum"]
        if self.voters < 200:  # too few for a real count; a test election may say so
            lower = max(1, minimum * self.voters // 200)
            changes["privacy_minimum"] = f"{lower}"
            self.say(f"with {self.voters} voters, lists of {lower} are counted: only a test may")
        text = self.config.read_text(encoding="utf-8")
        if self.group != GROUP:
            changes |= {"group": self.group, "container_bytes": f"{1 << 20}"}
            self.say(f"the group is {self.group}, whose elements are larger: ballots may be, too")
        for key, value in changes.items():
            text, found = re.subn(rf"(?m)^(\s*{key}: ).*$", rf"\g<1>{value}", text)
            if found != 1:
                raise DemoError(f"{self.config.name} has no single line '{key}:'")
        (self.out / "election.yaml").write_text(text, encoding="utf-8")
        self.log(f"# election.yaml: {self.config.name} with {changes}")

    def invent_electorate(self) -> None:
        """The roll: those who will vote, some who will not, and one who is too young."""
        self.log("# roll.csv: who may vote, as identifier,name,born,district,class")
        draw, classes = self.random, self.election["eligibility"]["classes"]
        family, given = NAMES[self.election["languages"][0]]
        last = self.voters + max(5, self.voters // 10)
        with (self.out / "roll.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["identifier", "name", "born", "district", "class"])
            for number in range(1, last + 1):
                name = f"{draw.choice(family)} {draw.choice(given)}"
                year = 2015 if number == last else draw.randint(1935, 2005)
                born = f"{year}-{draw.randint(1, 12):02d}-15"
                of = classes[number % len(classes)]
                writer.writerow([identifier(number), name, born, self.district(number), of])

    def district(self, number: int) -> str:
        districts: list[str] = [district["id"] for district in self.election["districts"]]
        living = LIVING.get(len(districts), range(len(districts)))
        return districts[living[(number - 1) % len(living)]]

    def make_cards_and_keys(self) -> None:
        self.run("voting pki init pki")
        self.carry("pki/eid_profile", "eid_profile")
        self.run("voting election check election.yaml")
        (self.out / "parties").mkdir()
        for official in self.officials:
            (self.out / "homes" / official).mkdir(parents=True)
        self.run_all(
            [
                f"voting pki cards pki --roll roll.csv --out cards {PIN}",
                *(
                    f"voting pki card pki --identifier {identifier(9000 + number)}"
                    f" --name {official} --out homes/{official}/card.p12 {PIN}"
                    for number, official in enumerate(self.officials)
                ),
                *(
                    f"voting party new {party} --config election.yaml --home homes/{party} {PASS}"
                    for party in self.keyholders
                ),
            ]
        )
        for party in self.keyholders:
            self.carry(f"homes/{party}/party.json", f"parties/{party}.json")
        for official in self.officials:
            self.run(
                f"voting party official {official} --config election.yaml"
                f" --card homes/{official}/card.p12 {PIN} --out parties/{official}.json"
            )
        self.run(
            "voting roll import roll.csv --config election.yaml --version 1 --out roll-0001.json"
        )
        self.sign("roll-0001.json")

    def ceremony(self) -> None:
        (self.out / "ceremony").mkdir()
        for _ in range(5):  # four rounds of messages, then each reads the last and keeps its share
            self.run_all(
                [f"tally ceremony step --home homes/{t} {CEREMONY}" for t in self.trustees]
            )

    def manifest(self) -> None:
        self.run(
            "voting election manifest election.yaml --parties parties --ceremony ceremony"
            " --roll roll-0001.json --out election"
        )
        self.sign("election/manifest.json")
        for trustee in self.trustees:
            self.run(f"tally ceremony sign --home homes/{trustee} --election election {PASS}")
        self.run("voting election complete election")
        self.run("voting election trust election --out trust")
        digest = hashlib.sha256((self.out / "election/manifest.json").read_bytes()).hexdigest()
        self.say(f"this election is {digest}")

    @contextmanager
    def witnessed(self) -> Iterator[None]:
        """Every witness's own server runs, from before the voting until the result is logged."""
        homes = {witness: f"--home homes/{witness}" for witness in self.witnesses}
        self.run_all([f"verifier witness init {home}" for home in homes.values()])
        self.run_all(
            [f"verifier witness add election {home} --trust trust" for home in homes.values()]
        )
        with ExitStack() as running:
            servers = {}
            for witness, home in homes.items():
                serve = f"verifier witness serve {home} --socket {witness}.sock {PASS}"
                servers[witness] = running.enter_context(self.started(serve, witness))
            for witness, server in servers.items():
                self.wait_for(server, witness, None)
            yield

    # -- voting -----------------------------------------------------------------------------------

    @contextmanager
    def collector(self) -> Iterator[None]:
        self.run(
            "voting collector init --election election --party homes/collector"
            f" --roll roll-0001.asice {COLLECTOR}"
        )
        serve = f"voting collector serve --socket collector.sock {COLLECTOR}"
        port = free_port()
        self.log("# homes/collector/server.toml: where the eID's services, the mail server and the")
        self.log("# witnesses are")
        server = self.server_file(port) + "".join(
            f'\n[[witnesses]]\nkey_name = "{name}"\nurl = "unix:{witness}.sock"\n'
            for witness, name in self.witnesses.items()
        )
        (self.out / "homes/collector/server.toml").write_text(server)
        self.know_addresses()
        services = "voting pki serve pki --socket pki.sock"
        mailbox = f"aiosmtpd -n -l 127.0.0.1:{port} -c aiosmtpd.handlers.Mailbox mail"
        with (
            self.serving(services, "pki"),
            self.serving(mailbox, "mail", port),
            self.serving(serve, "collector"),
        ):
            order = self.order("opened", 1)
            self.run(f"voting collector open {order} --roll roll-0001.asice {COLLECTOR}")
            yield

    def server_file(self, port: int) -> str:
        """What the collector's server file says besides its witnesses; mail goes to the port."""
        return SERVER.format(port=port)

    def know_addresses(self) -> None:
        """Where voters are told what happens in their name."""
        self.log("# contacts.csv: everybody's address for notices")
        language = self.election["languages"][-1]
        rows = "".join(
            f"{identifier(number)},email,voter-{number}@example.org,{language}\n"
            for number in range(1, self.voters + 1)
        )
        (self.out / "contacts.csv").touch(mode=0o600)
        (self.out / "contacts.csv").write_text(f"identifier,channel,address,language\n{rows}")
        self.run("voting collector contacts import contacts.csv --home homes/collector")

    @contextmanager
    def serving(self, command: str, name: str, port: int | None = None) -> Iterator[None]:
        """A program that serves at NAME.sock, or at a port, until the voting is over."""
        with self.started(command, name) as server:
            self.wait_for(server, name, port)
            yield

    @contextmanager
    def started(self, command: str, name: str) -> Iterator[subprocess.Popen[bytes]]:
        """A program that serves, which may not answer yet; it is ended at the end."""
        self.log(f"{command} &")
        program, *arguments = shlex.split(command)
        with (self.out / f"{name}.log").open("w") as log:
            server = subprocess.Popen(
                [BIN / program, *arguments],
                cwd=self.out,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
            try:
                yield server
            finally:
                server.send_signal(signal.SIGTERM)
                server.wait(30)
                self.transcribe(command, (self.out / f"{name}.log").read_text(encoding="utf-8"))

    def wait_for(self, server: subprocess.Popen[bytes], name: str, port: int | None) -> None:
        for _ in range(300):
            if answers(port) if port else (self.out / f"{name}.sock").exists():
                return
            if server.poll() is not None:
                break
            time.sleep(0.1)
        raise DemoError(f"{name} did not start; see {self.out / f'{name}.log'}")

    def vote(self) -> None:
        self.run(
            f"voting cast {VOTER} --card cards/{identifier(1)}.p12 {self.first_choice()} --yes"
            " --out voter-1"
        )
        self.say("the first voter's second device fetches the stored ballot and opens it:")
        self.say(self.run(f"voting verify-ballot {VOTER.replace(PIN, '')} --qr voter-1/qr.txt"))
        self.suspend()
        others = list(range(2, self.voters + 1))
        again = self.random.sample(others, max(1, self.voters // 10))
        votes = [
            {"identifier": identifier(n), "style": self.style(n)["id"], "choices": self.choose(n)}
            for n in others + again
        ]
        self.log("# plan.json: who votes for what, and who votes again")
        (self.out / "plan.json").write_text(json.dumps({"votes": votes}))
        self.run(f"voting simulate {VOTER} --cards cards --plan plan.json --out receipts")
        self.say(f"{len(votes) + 1} ballots stored, every receipt checked")
        self.say(f"who voted twice: {len(again)}; their last vote counts")

    def suspend(self) -> None:
        """Officials stop voting for a moment: what a voter sends meanwhile is refused."""
        order = self.order("suspended", 2, "A rehearsal: voting goes on in a minute.")
        self.run(f"voting collector suspend {order} {COLLECTOR}")
        self.run(
            f"voting cast {VOTER} --card cards/{identifier(1)}.p12 {self.first_choice()} --yes"
            " --out suspended",
            expect=1,
        )
        self.run(f"voting collector resume {self.order('resumed', 3, 'It is over.')} {COLLECTOR}")
        self.say("two officials suspended voting: a ballot was refused; then two let it go on")

    def style(self, number: int) -> dict[str, Any]:
        """The ballot style of a person's district."""
        styles = {style["district"]: style for style in self.election["ballot_styles"]}
        found: dict[str, Any] = styles[self.district(number)]
        return found

    def contest(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = {c["id"]: c for c in self.election["contests"]}[name]
        return found

    def first_choice(self) -> str:
        """Of the first voter: option 3, a blank vote where it is allowed, two approvals."""
        style, words = self.style(1), []
        for place, name in enumerate(style["contests"]):
            contest = self.contest(name)
            choice = "blank" if contest.get("blank") and place else "3"
            words.append(f"--choose {name}={'1,4' if contest['kind'] == 'approval' else choice}")
        return f"--style {style['id']} {' '.join(words)}"

    def choose(self, number: int) -> dict[str, int | list[int]]:
        """A random choice in each contest of the person's district; 0 is a blank vote."""
        return {name: self.draw(self.contest(name)) for name in self.style(number)["contests"]}

    def draw(self, contest: dict[str, Any]) -> int | list[int]:
        """Some options are more popular than others, the first answer to a question most."""
        options = len(contest["options"])
        if contest["kind"] == "approval":
            many = self.random.randint(contest["minimum"], contest["maximum"])
            return sorted(self.random.sample(range(1, options + 1), many))
        answers = (5, 70, 25) if contest["kind"] == "referendum" else (8, 21, 30, 17, 12, 10, 9, 8)
        weights = [answers[n % len(answers)] for n in range(options + 1)]
        if not contest["blank"]:
            weights[0] = 0
        return self.random.choices(range(options + 1), weights)[0]

    def close(self) -> None:
        self.run(f"voting collector close {self.order('closed', 4)} {COLLECTOR}")
        paper = self.random.sample(range(1, self.voters + 1), max(1, self.voters // 20))
        rows = "".join(f"{identifier(number)}\n" for number in sorted(paper))
        self.log("# paper.csv: who voted on paper")
        (self.out / "paper.csv").write_text(f"identifier\n{rows}")
        self.run("voting roll paper paper.csv --manifest election --out paper.json")
        self.sign("paper.json")
        self.to_log("paper.asice")
        self.run("voting collector export --home homes/collector --out box.sqlite")
        self.run("voting collector reconcile --home homes/collector")
        self.run("voting collector backup --home homes/collector --out backup")
        known = "--not-older-than carried-log/checkpoint"
        self.run(f"voting collector restore backup --home restored {known}")
        self.say(f"{len(paper)} of the voters also voted on paper: the paper counts instead")

    def tell_voters(self) -> None:
        """Notices go out, and the first voter looks at what was done in that name."""
        self.run(
            f"voting my-record {VOTER} --card cards/{identifier(1)}.p12 --out voter-1/access.json"
        )
        sent = self.run("voting collector deliver --home homes/collector")
        delivered = len(list((self.out / "mail/new").iterdir()))
        if sent.split()[0] != str(delivered):
            raise DemoError(f"the mail server has {delivered} notices, the collector said: {sent}")
        self.say(f"{delivered} notices went out by mail: what was done in voters' names")

    # -- counting ---------------------------------------------------------------------------------

    def seal_and_select(self) -> None:
        self.run(f"tally prepare --election election --log carried-log {WORK}")
        self.run(f"tally box seal --box box.sqlite {WORK} --out seal.json")
        self.sign("seal.json")
        self.run(f"tally box attach seal.asice --box box.sqlite {WORK}")
        self.to_log("seal.asice")
        self.run(f"tally select {VERIFY} {WORK}")
        self.sign("counting-room/record/selection.json")
        self.to_log("counting-room/record/selection.asice")

    def audit_selection(self) -> None:
        (self.out / "counting-room/record/audits").mkdir(exist_ok=True)
        for auditor in self.auditors:
            self.run(
                f"verifier check counting-room/record {VERIFY} --stage selection --sign-with"
                f" homes/{auditor} {PASS} --out counting-room/record/audits/{auditor}.json"
            )

    def announce(self, kind: str) -> None:
        found = sorted((self.out / "counting-room/announce").glob(f"*-{kind}-*.json"))
        self.to_log(*(str(path.relative_to(self.out)) for path in found))

    def mix(self) -> None:
        for mixer in self.mixers:
            self.run(f"tally mix --home homes/{mixer} {WORK} {PASS}")
        self.announce("mixed")

    def decrypt(self) -> None:
        for trustee in self.decrypting:
            self.run(f"tally decrypt --home homes/{trustee} {WORK} {PASS}")
        self.announce("decrypted")

    def count_and_publish(self) -> None:
        self.say(self.run(f"tally count {WORK} --lang {self.election['languages'][-1]}"))
        self.to_log("counting-room/record/results.json")
        self.run(f"tally publish {WORK} --box box.sqlite")
        self.sign("counting-room/record/record.json")
        self.carry("counting-room/record", "record")

    # -- checking ---------------------------------------------------------------------------------

    def verify(self) -> None:
        said = self.run(f"verifier check record {VERIFY} --json")
        (self.out / "report.json").write_text(said)
        report: dict[str, Any] = json.loads(said)
        if report["verdict"] != "verified" or report["failed"] or report["not_run"]:
            raise DemoError(f"the verifier did not verify the election: {said}")
        self.say(f"verdict: {report['verdict']}, {len(report['checks'])} checks passed")
        self.say(f"scope: {report['scope']}")
        self.say("the first voter's access log, against the public log of the record:")
        self.say(self.run("verifier access voter-1/access.json --record record --trust trust"))

    def tamper(self) -> None:
        """One byte of one mixed ciphertext is changed in a copy; the verifier must refuse it."""
        copy = self.out / "tampered-record"
        self.carry("record", "tampered-record")
        victim = min(copy.glob("counts/*/*/mix-02-*/ShuffledCiphertexts.bt"))
        data = bytearray(victim.read_bytes())
        place = len(data) // 2
        data[place] ^= 1
        victim.write_bytes(bytes(data))
        self.log(f"# changed: byte {place} of {victim.relative_to(self.out)}")
        self.say(f"changed: byte {place} of {victim.relative_to(copy)}")
        said = self.run(f"verifier check tampered-record {VERIFY} --json", expect=1)
        report: dict[str, Any] = json.loads(said)
        if report["verdict"] != "refused" or not report["failed"]:
            raise DemoError(f"the verifier did not refuse the tampered record: {said}")
        self.say(f"verdict: refused, by {', '.join(report['failed'])}")

    # -- the whole --------------------------------------------------------------------------------

    @contextmanager
    def chapter(self, number: int, title: str) -> Iterator[None]:
        print(f"\n{number:3d}.  {title}", flush=True)
        self.log(f"\n# {number}. {title}")
        started = time.monotonic()
        yield
        self.say(f"({time.monotonic() - started:.1f} s)")

    def play(self) -> None:
        with self.chapter(1, "The election is configured; every party makes its own key."):
            self.configure()
            self.invent_electorate()
            self.make_cards_and_keys()
        with self.chapter(2, "Three trustees make the election key; nobody ever holds it whole."):
            self.ceremony()
        with self.chapter(3, "Officials and trustees sign the manifest, the election's facts."):
            self.manifest()
        with self.witnessed():
            self.play_on()
        with self.chapter(10, "Anyone verifies the record."):
            self.verify()
        with self.chapter(11, "Somebody changes one byte. The verifier says no."):
            self.tamper()

    def play_on(self) -> None:
        """What stands in the log, from the opening to the result."""
        with (
            self.chapter(4, "The collector opens. Voters encrypt, prove, sign and send votes."),
            self.collector(),
        ):
            self.vote()
            self.close()
            self.tell_voters()
        with self.chapter(5, "Officials seal the box and select: last votes, minus paper voters."):
            self.seal_and_select()
        with self.chapter(6, "An auditor replays the selection from the signed ballots."):
            self.audit_selection()
        with self.chapter(7, "Two mixers shuffle, so that no one can link ballots to voters."):
            self.mix()
        with self.chapter(8, "Two of the three trustees decrypt, each alone, with a proof."):
            self.decrypt()
        with self.chapter(9, "The votes are counted and the record is published."):
            self.count_and_publish()


def free_port() -> int:
    """A port of this machine that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
    return port


def answers(port: int) -> bool:
    """Whether somebody listens at a port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def empty(out: Path) -> None:
    """Make OUT an empty folder; an earlier demonstration in it is removed, anything else is not."""
    marker = out / "commands.log"
    if out.exists() and any(out.iterdir()) and not marker.exists():
        raise DemoError(f"{out} holds something else; name another folder with --out")
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    marker.touch()


def main() -> int:
    parser = argparse.ArgumentParser(description="Run and verify a whole small election.")
    parser.add_argument("--voters", type=int, default=200, help="how many vote, 3 to 5000 (200)")
    parser.add_argument("--config", type=Path, default=CONFIG, help="which election (kawabe-2027)")
    parser.add_argument("--out", type=Path, default=Path("build/demo"), help="folder for all of it")
    parser.add_argument("--seed", type=int, default=2027, help="which invented electorate")
    parser.add_argument(
        "--group", default=GROUP, choices=GROUPS, help="its arithmetic (ristretto255)"
    )
    parser.add_argument(
        "--kills", type=int, default=0, help="how often each tally step is killed first (0)"
    )
    arguments = parser.parse_args()
    if not 3 <= arguments.voters <= 5000:
        parser.error("--voters must lie between 3 and 5000")
    if not arguments.config.is_file():
        parser.error(f"there is no configuration {arguments.config}; see election_configs/")
    if not 0 <= arguments.kills <= 100:
        parser.error("--kills must lie between 0 and 100")
    out = arguments.out.resolve()
    started = time.monotonic()
    name = "tally-faults" if arguments.kills else "demo"
    demo = Demo(
        arguments.config.resolve(),
        out,
        arguments.voters,
        arguments.seed,
        arguments.kills,
        arguments.group,
    )
    try:
        empty(out)
        demo.play()
    except DemoError as error:
        print(f"\n{error}\n{name}: FAILED see above; commands so far: {out / 'commands.log'}")
        return 1
    except KeyboardInterrupt:
        print(f"\n{name}: FAILED interrupted")
        return 3
    shown = os.path.relpath(out)
    print(f"\nIn {shown}: election.yaml trust/ record/ box.sqlite tampered-record/ report.json")
    print("and every command that was run: commands.log; with what it said: transcript.txt.")
    print("Verify it yourself:")
    print(f"  cd {shown} && {BIN / 'verifier'} check record {VERIFY}")
    print(f"({time.monotonic() - started:.0f} s)")
    if arguments.kills:
        steps = len({kind(command) for command in demo.killed})
        print(f"{len(demo.killed)} kills met a running command, in {steps} kinds of tally steps;")
        print("each was run again and went on as if nothing had happened.")
    print(f"{name}: ok verified {arguments.voters} voters, tampered record refused")
    return 0


if __name__ == "__main__":
    sys.exit(main())
