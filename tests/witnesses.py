"""The witnesses of an election's log, for tests: what `verifier witness serve` runs, in this
process, each with a store of its own; they can be down, slow, or made to lie."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from crypto.signing import SigningKey
from crypto.tlog import Checkpoint, NoteSignature, Submission
from crypto.tlog.submission import parse_lines
from tests.voting.serving import serve
from verifier_app.witness.cosigning import Answer, Witness
from verifier_app.witness.serving import make_app
from verifier_app.witness.store import Store, WatchedLog, create
from voting.collector import witnesses as collector_side
from voting.election.manifest import Manifest
from voting.http_client import NoAnswerError, Reply, TooLongError

# What is answered instead of a good cosignature (the line) of a checkpoint, with the key.
Lie = Callable[[Checkpoint, NoteSignature, SigningKey], Answer]


class Reached:
    """One witness, reached without a network. `asked` counts its submissions."""

    def __init__(self, name: str, store: Store, key: SigningKey) -> None:
        self.name, self.witness, self._key = name, Witness(store, key), key
        self.down, self.seconds, self.asked = False, 0.0, 0
        self.lie: Lie | None = None

    def ask(
        self, _method: str, _path: str, limit: int, body: bytes, _headers: Mapping[str, str]
    ) -> Reply:
        """As `http_client.Server.ask`."""
        self.asked += 1
        time.sleep(self.seconds)
        if self.down:
            raise NoAnswerError("down")
        answer = self.witness.add_checkpoint(body)
        if self.lie is not None and answer.status == 200:
            (line,) = parse_lines(answer.body)
            answer = self.lie(Submission.parse(body).checkpoint, line, self._key)
        if len(answer.body) > limit:
            raise TooLongError("the answer is too long")
        return Reply(answer.status, answer.body, answer.media_type)


class Witnesses:
    """All witnesses whom a manifest names."""

    def __init__(self, manifest: Manifest, keys: Mapping[str, SigningKey], folder: Path) -> None:
        """`keys`: by the party's id. `folder`: where they remember; the same folder, the same
        witnesses."""
        self.manifest = manifest
        self.members: list[Reached] = []
        for member in manifest.parties.witnesses.members:
            store = _store(folder / member.id, keys[member.id], manifest, member.key_name)
            self.members.append(Reached(member.key_name, store, keys[member.id]))

    def remote(self) -> list[collector_side.Witness]:
        """As a collector asks them."""
        keys = {key.name: key for key in self.manifest.witness_keys}
        return [collector_side.Witness(keys[member.name], member) for member in self.members]

    @contextmanager
    def served(self) -> Iterator[str]:
        """They answer over HTTP at sockets; what a server file says of them."""
        with ExitStack() as stack:
            lines = []
            for member in self.members:
                socket = stack.enter_context(serve(make_app(member.witness)))
                lines += ["[[witnesses]]", f'key_name = "{member.name}"', f'url = "unix:{socket}"']
            yield "\n".join([*lines, ""])


def _store(folder: Path, key: SigningKey, manifest: Manifest, name: str) -> Store:
    path = folder / "witness.sqlite"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        create(path, key.public_key.hex)
    store = Store(path, key.public_key.hex)
    log = manifest.log_key
    with store.writing() as transaction:
        transaction.add_log(WatchedLog(log.name, manifest.name, log.vkey(), name))
    return store


def witnessed(configuration: str, required: int, count: int) -> str:
    """An election's configuration with so many witnesses, of whom so many are required; the
    section stands at its end."""
    lines = [
        f"      - {{id: witness-{number}, name: {{ja: 証人{number}, en: Witness {number}}},"
        f" operator: witness-operator-{number}, key_name: w{number}.example/witness}}"
        for number in range(1, count + 1)
    ]
    start = configuration.index("  witnesses:\n")
    members = "\n".join(["    members:", *lines]) if lines else "    members: []"
    return f"{configuration[:start]}  witnesses:\n    required: {required}\n{members}\n"
