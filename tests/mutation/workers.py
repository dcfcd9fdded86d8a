"""Tests every mutant in a process of its own, forked when all tests are collected and have passed.

In the child the module's changed code takes the place of its own, in the module and wherever else
its functions and classes are known by name; then the tests run, the likeliest first, until one
fails. What the parent holds (the finished election, its forgeries, parsed modules) is not made
again. Whether the test that failed passes with the module's unchanged code put in place in the same
way is tested as well: if not, it cannot tell anything of the module and is left out.
"""

from __future__ import annotations

import ast
import dataclasses
import gc
import os
import resource
import select
import signal
import sys
import time
import types
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import pytest

from tests.mutation.mutants import Module, Mutant
from tests.verifier_app.forge import Forgery
from tests.verifier_app.forgeries import Case
from verifier_app.registry import CHECKS, load_checks

HOUSE = ("crypto", "execution", "voting", "tally", "verifier_app", "tests")
MEMORY = 6 << 30
CPU_SECONDS, WALL_SECONDS = 40, 1200  # for one test
TIMEOUTS = {signal.SIGPROF, signal.SIGALRM}


@dataclasses.dataclass
class Outcome:
    """`killer`: the test that fails with the mutant, or empty: it survived."""

    mutant: Mutant
    killer: str
    seconds: float


class Plugin:
    """Instead of running the tests once, runs them for every mutant."""

    def __init__(
        self,
        modules: Sequence[Module],
        mutants: Sequence[Mutant],
        known: dict[str, str],
        report: Callable[[Outcome], None],
        say: Callable[[str], None],
        processes: int,
        near: bool,
    ) -> None:
        self.modules = {module.path: module for module in modules}
        self.mutants, self.known, self.report, self.say = mutants, known, report, say
        self.processes, self.near = processes, near
        self.killers: dict[tuple[str, str], Counter[str]] = {}
        self.items: list[pytest.Item] = []
        self.durations: dict[str, float] = {}
        self.failed: list[str] = []
        self.samples: dict[str, str] = {}
        self.blind: set[tuple[str, str]] = set()
        self.seeing: set[tuple[str, str]] = set()
        self.child: Callable[[str], None] | None = None
        self.parent = os.getpid()

    # -- pytest -----------------------------------------------------------------------------------

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.append(report.nodeid)
            if self.child is not None:
                self.child(report.nodeid)
        spent = self.durations.get(report.nodeid, 0.0)
        self.durations[report.nodeid] = spent + report.duration

    def pytest_runtest_logstart(self) -> None:
        if self.child is not None:
            if os.getppid() != self.parent:
                os._exit(1)  # nobody waits for the answer
            signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
            signal.alarm(WALL_SECONDS)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        load_checks()
        warm = any(WARM in item.nodeid for item in session.items)
        self.items = [i for i in session.items if not (warm and FORGERIES in i.nodeid)]
        if self.near:
            paths = {
                mutant.path: _own_checks(dataclasses.replace(mutant, function=""))
                for mutant in self.mutants
            }
            self.items = [
                item
                for item in self.items
                if any(_rank(item, path, own) < FAR for path, own in paths.items())
            ]
        for item in self.items:
            _remember_forgery(item)
        self.say(f"the {len(self.items)} tests without a change, each once …")
        self._run(self.items, self.items[0])
        gc.collect()
        gc.freeze()
        if self.failed:
            self.say(f"they fail without any change: {', '.join(self.failed[:9])}")
            session.shouldfail = "the tests fail without a change"
            return True
        self._all()
        return True

    def _run(self, items: Sequence[pytest.Item], after: pytest.Item) -> None:
        """Run tests; what a session or module has set up stays for those that come `after`."""
        for item, following in zip(items, [*items[1:], after], strict=True):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)

    # -- which tests ------------------------------------------------------------------------------

    def order(self, mutant: Mutant) -> list[pytest.Item]:
        """What killed this mutant before, or others of its function; the honest elections; the
        module's own tests and the forgeries of its checks; everything else."""
        seen = self.killers.get((mutant.path, mutant.function), Counter())
        own = _own_checks(mutant)
        ranks = {item.nodeid: _rank(item, mutant.path, own) for item in self.items}

        def rank(item: pytest.Item) -> tuple[float, ...]:
            name = item.nodeid
            last = self.known.get(mutant.key) == name
            return (not last, -seen[name], ranks[name], self.durations.get(name, 0.0))

        chosen = [i for i in self.items if ranks[i.nodeid] < FAR or self._is_far(i)]
        chosen = [i for i in chosen if (mutant.path, i.nodeid) not in self.blind]
        return sorted(chosen, key=rank)

    def _is_far(self, item: pytest.Item) -> bool:
        """Of the tests that are not near, all; but one forgery for each check is enough."""
        case = _case(item)
        first = case is None or self.samples.setdefault(case.check_id, item.nodeid) == item.nodeid
        return first and not self.near

    # -- processes --------------------------------------------------------------------------------

    def _is_blind(self, path: str, name: str) -> bool:
        """Does this test fail with the unchanged code in its own place too? One that keeps values
        of the classes that were there before does; leaving it out can only let more mutants
        survive."""
        if (path, name) in self.seeing:
            return False
        item = [item for item in self.items if item.nodeid == name]
        nothing = Mutant(path, "", "", 0, ast.Pass(), "lineno", None, None)
        pid, pipe = self._fork(nothing, partial(_install, self.modules[path], None), item)
        said = _read_all(pipe)
        os.waitpid(pid, 0)
        (self.blind if said else self.seeing).add((path, name))
        if said:
            self.say(f"  {path}: left out, as it keeps what was made before: {name}")
        return bool(said)

    def _all(self) -> None:
        waiting = list(reversed(self.mutants))
        running: dict[int, tuple[Mutant, int, float]] = {}
        try:
            while waiting or running:
                while waiting and len(running) < self.processes:
                    mutant = waiting.pop()
                    module = self.modules[mutant.path]
                    tests = self.order(mutant)
                    pid, pipe = self._fork(mutant, partial(_install, module, mutant), tests)
                    running[pipe] = (mutant, pid, time.monotonic())
                for pipe in select.select(list(running), [], [])[0]:
                    mutant, pid, started = running.pop(pipe)
                    if not self._ended(mutant, pid, pipe, started):
                        waiting.append(mutant)
        finally:
            for _, pid, _ in running.values():
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)

    def _ended(self, mutant: Mutant, pid: int, pipe: int, started: float) -> bool:
        """Report what became of a mutant; False if it must be tried again without a test."""
        said = _read_all(pipe)
        status = os.waitpid(pid, 0)[1]
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) in TIMEOUTS:
            said = "it does not end"
        elif status != 0:
            self.say(f"  the process of a mutant broke off, status {status}: {mutant.key}")
            return True
        elif "::" in said and self._is_blind(mutant.path, said):
            return False
        if said:
            self.killers.setdefault((mutant.path, mutant.function), Counter())[said] += 1
        self.report(Outcome(mutant, said, time.monotonic() - started))
        return True

    def _fork(
        self, mutant: Mutant, install: Callable[[], None], items: Sequence[pytest.Item]
    ) -> tuple[int, int]:
        """A child that writes the name of the first of the tests that fails."""
        reading, writing = os.pipe()
        pid = os.fork()
        if pid:
            os.close(writing)
            return pid, reading
        try:
            os.close(reading)
            nowhere = os.open(os.devnull, os.O_RDWR)
            for descriptor in (0, 1, 2):
                os.dup2(nowhere, descriptor)
            os.setpgid(0, 0)  # Ctrl-C at the terminal is for the parent
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))

            def killed(by: str) -> None:
                os.write(writing, by.encode())
                os._exit(0)

            self.child = killed
            if WARM_MODULE in sys.modules:
                sys.modules[WARM_MODULE].ONLY.update(_own_checks(mutant))
            try:
                install()
            except Exception as fault:  # noqa: BLE001 — whatever it is, it was noticed
                killed(f"it cannot be imported: {fault!r}")
            self._run(items, items[0])
            os._exit(0)
        finally:
            os._exit(1)


FAR = 4
WARM, WARM_MODULE = "warm.py", "tests.verifier_app.warm"
FORGERIES = "test_forgery_is_refused_by_exactly_the_check_made_for_it"


def _module_name(path: str) -> str:
    return path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")


def _rank(item: pytest.Item, path: str, own: set[str]) -> int:
    """How near a test is to a module; below FAR, what is written for it."""
    name = path.rsplit("/", 1)[1].removesuffix(".py")
    case = _case(item)
    if "like_the_demonstration" in item.nodeid:
        return 0
    if item.nodeid.startswith(f"tests/{path.rsplit('/', 1)[0]}/") and f"_{name}" in item.nodeid:
        return 1
    if case is not None and case.failed & own:
        return 1
    if item.nodeid.startswith(f"tests/{path.rsplit('/', 1)[0]}/"):
        return 2
    if path.startswith("crypto/") and item.nodeid.startswith("tests/crypto/test_"):
        return 2
    if path.startswith("verifier_app/") and WARM in item.nodeid and case is not None:
        return 3 if not case.check_id else FAR
    if path.startswith("verifier_app/") and "honestly_verifies" in item.nodeid:
        return 3
    return FAR


def _own_checks(mutant: Mutant) -> set[str]:
    """The checks that a changed function is, or all of its module."""
    module, name = _module_name(mutant.path), mutant.function.split(".")[0]
    whole = {c.id for c in CHECKS.values() if c.function.__module__ == module}
    return {check_id for check_id in whole if name in _names(CHECKS[check_id].function)} or whole


def _names(function: Callable[..., object]) -> set[str]:
    """A function's name, and that of the one it wraps."""
    inner = [cell.cell_contents for cell in getattr(function, "__closure__", None) or ()]
    return {getattr(one, "__name__", "") for one in (function, *inner)}


def _case(item: pytest.Item) -> Case | None:
    """The forgery that a test is about."""
    spec = getattr(item, "callspec", None)
    case = spec.params.get("case") if spec else None
    return case if isinstance(case, Case) else None


def _remember_forgery(item: pytest.Item) -> None:
    """A forgery is forged once; the forger uses nothing of what judges him."""
    case = _case(item)
    if case is None:
        return
    forged: list[Forgery] = []

    def forge(forgery: Forgery, original: Callable[[Forgery], object] = case.forge) -> None:
        if not forged:
            original(forgery)
            forged.append(forgery.copy())
        vars(forgery).update(vars(forged[0].copy()))

    vars(item)["callspec"].params["case"] = dataclasses.replace(case, forge=forge)


def _read_all(pipe: int) -> str:
    found = b""
    while part := os.read(pipe, 4096):
        found += part
    os.close(pipe)
    return found.decode().strip()


# -- putting code in the place of code ------------------------------------------------------------


def _install(module: Module, mutant: Mutant | None) -> None:
    """Run the module's code again in its own name space, with the change, and make everybody who
    knows its functions and classes know the new ones."""
    live = sys.modules[_module_name(module.path)]
    if mutant is None:
        code = compile(module.tree, module.path, "exec")
    else:
        with mutant.made():
            code = compile(module.tree, module.path, "exec")
    old = {name: value for name, value in vars(live).items() if not name.startswith("__")}
    order = list(CHECKS)
    for check_id in order:
        if CHECKS[check_id].function.__module__ == live.__name__:
            del CHECKS[check_id]
    exec(code, vars(live))
    for check_id in order:
        if check_id in CHECKS:
            CHECKS[check_id] = CHECKS.pop(check_id)
    for user, name, value in _uses(live, old):
        setattr(user, name, value)


def _uses(live: types.ModuleType, old: dict[str, Any]) -> Iterator[tuple[Any, str, Any]]:
    own = {id(value): name for name, value in old.items() if _is_own(value, live)}
    for user in list(sys.modules.values()):
        if getattr(user, "__name__", "").split(".")[0] in HOUSE and user is not live:
            for name, value in list(vars(user).items()):
                if id(value) in own:
                    yield user, name, vars(live).get(own[id(value)])
                elif not callable(value) and name in old and old[name] is value:
                    yield user, name, vars(live).get(name)


def _is_own(value: object, live: types.ModuleType) -> bool:
    return callable(value) and getattr(value, "__module__", "") == live.__name__
