"""Our log and receipts before other people's clients: ``make log-oracles``.

An honest log of 600 entries, cosigned by three of four witnesses, is served and must be followed
from its 300th entry on, and a receipt of it must hold; every lie about it must be refused by each
client that is given, and by our own verifier's code. It ends with one line ``log-oracles: ok …`` or
``log-oracles: FAILED …``; exit codes: 0 all is as it must be, 1 a verdict is not, 2 there is no
client to ask, 3 not finished.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from crypto.errors import EncodingError, VerificationError
from crypto.tlog import (
    LogProof,
    Note,
    VerifierKey,
    open_checkpoint,
    read_entries,
    root_hash,
    verify_cosignatures,
)
from tests.oracles.logs.made import Keys, Seen, Served, honest, lies

_CLIENT = Path(__file__).parent / "client" / "client.py"
_NAME = 56


class NoVerdictError(Exception):
    """A client said neither yes nor no."""


@dataclass(frozen=True)
class Client:
    """Somebody else's program: the words before `receipt` or `follow`."""

    name: str
    words: Sequence[str]

    def ask(self, *arguments: str) -> bool:
        """Whether it accepts. Raises NoVerdictError."""
        done = subprocess.run(
            [*self.words, *arguments], capture_output=True, text=True, check=False, timeout=120
        )
        said = done.stdout.split(":")[0].strip()
        if (done.returncode, said) not in {(0, "accepted"), (1, "refused")}:
            raise NoVerdictError(f"{self.name} {arguments[0]}: {done.stdout}{done.stderr}")
        return done.returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.oracles.logs", description=__doc__)
    parser.add_argument("--go", default="", help="the program built of client/main.go")
    parser.add_argument("--aics", default="", help="the Python that has the package aics-tlog")
    arguments = parser.parse_args()
    clients = []
    if arguments.go:
        clients.append(Client("go", [arguments.go]))
    if arguments.aics:
        clients.append(Client("aics-tlog", [arguments.aics, str(_CLIENT)]))
    if not clients or not all(Path(client.words[0]).is_file() for client in clients):
        print(
            "Say where a client is: make log-oracles GO_CLIENT=/path/to/client"
            " AICS_PYTHON=/path/to/python (docs/oracles.md says how to get them)\n"
            "log-oracles: FAILED there is no client to ask",
            file=sys.stderr,
        )
        return 2
    try:
        return _compare(clients)
    except NoVerdictError as fault:
        print(f"{fault}\nlog-oracles: FAILED there is no verdict", file=sys.stderr)
        return 3


def _compare(clients: Sequence[Client]) -> int:
    keys = Keys()
    true = honest(keys)
    names = ["ours", *(client.name for client in clients)]
    print(f"{'what is shown':{_NAME}}" + "".join(f"{name:24}" for name in names))
    wrong, rows = 0, [true, *lies(true, keys)]
    for seen in rows:
        verdicts = list(_verdicts(seen, keys, clients))
        right = all(said == seen.holds for said in verdicts)
        wrong += not right
        shown = "".join(f"{_words(said):24}" for said in verdicts)
        print(
            f"{seen.name:{_NAME}}{shown}".rstrip() + ("" if right else "   <-- WRONG"), flush=True
        )
    if wrong:
        print(f"log-oracles: FAILED {wrong} of {len(rows)} rows are wrong")
        return 1
    print(
        f"log-oracles: ok an honest log followed and its receipt accepted, {len(rows) - 1} lies"
        f" refused, by {' and '.join(names)}"
    )
    return 0


def _words(said: tuple[bool, bool]) -> str:
    """Log and receipt."""
    return ", ".join("accepted" if one else "refused" for one in said)


def _verdicts(seen: Seen, keys: Keys, clients: Sequence[Client]) -> Iterator[tuple[bool, bool]]:
    """Ours, then each client's: is the log accepted, is the receipt?"""
    yield _holds(seen, keys, follow=True), _holds(seen, keys, follow=False)
    with TemporaryDirectory(prefix="log-oracles-") as scratch:
        folder = Path(scratch)
        for path, data in seen.files.items():
            target = folder / "log" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        for name, data in (
            ("policy", keys.policy().encode()),
            ("before", seen.before.encode()),
            ("receipt", seen.receipt.encode()),
        ):
            (folder / name).write_bytes(data)
        policy, before, receipt = (str(folder / name) for name in ("policy", "before", "receipt"))
        with Served(folder / "log") as served:
            for client in clients:
                yield (
                    client.ask("follow", policy, before, served.url),
                    client.ask("receipt", policy, receipt),
                )


def _holds(seen: Seen, keys: Keys, *, follow: bool) -> bool:
    """What our own code says."""
    log, required, *others = keys.policy().split()
    key, witnesses = VerifierKey.parse(log), [VerifierKey.parse(other) for other in others]
    try:
        if not follow:
            held = LogProof.parse(seen.receipt.encode())
            held.verify(held.extra or b"", key, witnesses=witnesses, required=int(required))
            return True
        files = dict(seen.files)
        note = Note.parse(files.pop("checkpoint"))
        head = open_checkpoint(note, key)
        verify_cosignatures(note, witnesses, int(required))
        before = open_checkpoint(seen.before, key)
        raw = read_entries(files, head.size, head.root)
        return root_hash(raw[: before.size]) == before.root
    except (EncodingError, VerificationError):
        return False


if __name__ == "__main__":
    sys.exit(main())
