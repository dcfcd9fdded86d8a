"""Help is there at once: no command loads a heavy library to print it."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import typer

PROGRAMS = {"voting": "voting.cli", "tally": "tally.cli", "verifier": "verifier_app.cli"}
# not pydantic: typer looks for it by itself
HEAVY = ("cryptography", "fastapi", "httpx", "lxml", "nacl", "ruamel", "sqlalchemy")
SCRIPT = """
import sys
from {module} import main
sys.argv = {argv!r}
try:
    main()
finally:
    print(*sys.modules, file=sys.stderr)
"""


def commands(app: typer.Typer) -> Iterator[tuple[str, ...]]:
    """Every command and group below a program."""
    yield ()
    for command in app.registered_commands:
        assert command.callback is not None
        yield (command.name or command.callback.__name__,)
    for group in app.registered_groups:
        assert group.typer_instance is not None
        for inner in commands(group.typer_instance):
            yield (str(group.name), *inner)


@pytest.mark.e2e
@pytest.mark.parametrize("program", PROGRAMS)
def test_help_of_every_command_loads_nothing_heavy(program: str) -> None:
    module = PROGRAMS[program]
    every = list(commands(importlib.import_module(module).app))
    assert len(every) > 3

    def run(command: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        script = SCRIPT.format(module=module, argv=[program, *command, "--help"])
        return subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=False
        )

    with ThreadPoolExecutor(2) as pool:
        for command, done in zip(every, pool.map(run, every), strict=True):
            assert done.returncode == 0
            assert done.stdout.startswith(f"Usage: {' '.join((program, *command))}")
            loaded = {name.split(".")[0] for name in done.stderr.split()}
            assert loaded.isdisjoint(HEAVY), (command, loaded.intersection(HEAVY))
