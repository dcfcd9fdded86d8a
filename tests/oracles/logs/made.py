"""Logs as outsiders see them, honest and false: served files, receipts, and the keys to trust."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Self

from crypto.signing import SigningKey
from crypto.tlog import (
    Checkpoint,
    LogProof,
    Note,
    NoteSignature,
    Tree,
    VerifierKey,
    cosign,
    leaf_hash,
    sign_checkpoint,
    tile_files,
    witness_key,
)

SIZE, SEEN, PLACE = 600, 300, 417  # entries, those that were seen before, and the receipt's
REQUIRED, WITNESSES = 3, 4
_TIME = 1_800_000_000


class Keys:
    """Of a log and its witnesses."""

    def __init__(self) -> None:
        self.origin = f"log.oracles.example/{'5a' * 32}"
        self.log = SigningKey.generate()
        self.witnesses = {
            f"watchers-{n}.example/log": SigningKey.generate() for n in range(1, WITNESSES + 1)
        }

    def policy(self) -> str:
        """For whoever follows the log: its key, how many must cosign, their keys."""
        keys = [VerifierKey(self.origin, self.log.public_key)]
        keys += [witness_key(name, key.public_key) for name, key in self.witnesses.items()]
        first, *others = [key.vkey() for key in keys]
        return "\n".join([first, str(REQUIRED), *others, ""])

    def line(self, number: int, checkpoint: Checkpoint) -> NoteSignature:
        name = list(self.witnesses)[number]
        return cosign(checkpoint, self.witnesses[name], name, _TIME)

    def head(self, checkpoint: Checkpoint, numbers: Sequence[int] = (0, 1, 2)) -> Note:
        """Signed, and cosigned by these witnesses: by default one is down."""
        lines = [self.line(number, checkpoint) for number in numbers]
        return sign_checkpoint(checkpoint, self.log).with_signatures(*lines)


@dataclass(frozen=True)
class Seen:
    """What an outsider has: the log's files, the head it saw before, and a receipt."""

    name: str
    holds: tuple[bool, bool]  # whether the log is to be accepted, and whether the receipt is
    files: dict[str, bytes]
    before: Note
    receipt: LogProof

    def but(self, name: str, holds: tuple[bool, bool], **changes: object) -> Self:
        """A lie about it."""
        return dataclasses.replace(self, name=name, holds=holds, **changes)  # type: ignore[arg-type]


def entry(number: int) -> bytes:
    body = {"kind": "ballot", "sequence": number, "container": f"{number:064x}"}
    return json.dumps(body, sort_keys=True, separators=(",", ":")).encode()


def honest(keys: Keys) -> Seen:
    raw = [entry(number) for number in range(SIZE)]
    tree = Tree(leaf_hash(data) for data in raw)
    head = keys.head(Checkpoint(keys.origin, SIZE, tree.root()))
    before = keys.head(Checkpoint(keys.origin, SEEN, tree.root(SEEN)))
    receipt = LogProof(PLACE, tuple(tree.inclusion_proof(PLACE)), head, raw[PLACE])
    files = {**tile_files(raw), "checkpoint": head.encode()}
    return Seen("an honest log", (True, True), files, before, receipt)


Head = Callable[[Checkpoint], Note]


def heads(keys: Keys) -> dict[str, Head]:
    """Heads that are not what they must be, of any tree."""
    stranger = Keys()

    def bit(at: Checkpoint, place: int) -> NoteSignature:
        line = keys.line(2, at)
        data = bytearray(line.signature)
        data[place] ^= 1
        return NoteSignature(line.name, line.key_id, bytes(data))

    def two(at: Checkpoint) -> Note:
        return keys.head(at, (0, 1))

    def with_line(at: Checkpoint, line: NoteSignature) -> Note:
        return two(at).with_signatures(line)

    def of_another_root(at: Checkpoint) -> Note:
        return with_line(at, keys.line(2, dataclasses.replace(at, root=b"\x5a" * 32)))

    def by_a_stranger(at: Checkpoint) -> Note:
        name = list(keys.witnesses)[2]
        return with_line(at, cosign(at, SigningKey.generate(), name, _TIME))

    def as_a_log(at: Checkpoint) -> Note:
        name = list(keys.witnesses)[2]
        return two(at).signed_by(keys.witnesses[name], name)

    def by_another_log(at: Checkpoint) -> Note:
        lines = keys.head(at).signatures[1:]
        return sign_checkpoint(at, stranger.log).with_signatures(*lines)

    def of_another_origin(at: Checkpoint) -> Note:
        other = dataclasses.replace(at, origin=f"{at.origin}0")
        text, lines = other.text(), [keys.line(number, other) for number in range(3)]
        return Note(text, ()).signed_by(keys.log, at.origin).with_signatures(*lines)

    return {
        "one cosignature too few": two,
        "a cosignature twice": lambda at: with_line(at, keys.line(0, at)),
        "a cosignature by a stranger": by_a_stranger,
        "a cosignature of another root": of_another_root,
        "a cosignature with another time": lambda at: with_line(at, bit(at, 7)),
        "a cosignature with a changed signature": lambda at: with_line(at, bit(at, -1)),
        "a witness's signature of type 0x01": as_a_log,
        "signed by another log": by_another_log,
        "of another origin": of_another_origin,
    }


def lies(true: Seen, keys: Keys) -> list[Seen]:
    """Every way in which the log, or the receipt, is not what it seems."""
    at = Checkpoint.parse_text(true.receipt.checkpoint.text)
    found = []
    for name, make in heads(keys).items():
        receipt = dataclasses.replace(true.receipt, checkpoint=make(at))
        files = {**true.files, "checkpoint": make(at).encode()}
        found.append(true.but(f"head: {name}", (False, False), receipt=receipt, files=files))
    return found + _receipts(true, keys) + _logs(true, keys)


def _receipts(true: Seen, keys: Keys) -> list[Seen]:
    held = true.receipt
    first = bytes([held.hashes[0][0] ^ 1]) + held.hashes[0][1:]
    at = Checkpoint.parse_text(held.checkpoint.text)
    forged = {
        "another entry": {"extra": entry(PLACE + 1)},
        "another place": {"index": PLACE + 1},
        "a changed hash": {"hashes": (first, *held.hashes[1:])},
        "a hash too few": {"hashes": held.hashes[:-1]},
        "a hash too many": {"hashes": (*held.hashes, b"\0" * 32)},
        "another root": {"checkpoint": keys.head(dataclasses.replace(at, root=b"\x5a" * 32))},
    }
    receipts = {
        name: dataclasses.replace(held, **change)  # type: ignore[arg-type]
        for name, change in forged.items()
    }
    return [
        true.but(f"receipt: {name}", (True, False), receipt=receipt)
        for name, receipt in receipts.items()
    ]


def _logs(true: Seen, keys: Keys) -> list[Seen]:
    raw = [entry(number) for number in range(SIZE)]

    def rewritten(place: int) -> dict[str, bytes]:
        """Another history, which the log and three witnesses signed as well."""
        other = [*raw[:place], entry(SIZE), *raw[place + 1 :]]
        tree = Tree(leaf_hash(data) for data in other)
        head = keys.head(Checkpoint(keys.origin, SIZE, tree.root()))
        return {**tile_files(other), "checkpoint": head.encode()}

    changed = {path: _flipped(true.files[path]) for path in true.files if path.startswith("tile/")}
    files = [(f"changed {path}", {**true.files, path: data}) for path, data in changed.items()]
    files.append(("another history", rewritten(7)))
    files.append(("an entry behind the tree's back", {**rewritten(7), **_tree_of(true.files)}))
    return [true.but(f"log: {name}", (False, True), files=data) for name, data in files]


def _tree_of(files: dict[str, bytes]) -> dict[str, bytes]:
    """Head and hashes, without the entries."""
    return {path: data for path, data in files.items() if not path.startswith("tile/entries/")}


def _flipped(data: bytes) -> bytes:
    place = len(data) // 2
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


class Served:
    """The files below a folder at `url`, until it is closed."""

    def __init__(self, folder: Path) -> None:
        handler = partial(_Quiet, directory=str(folder))
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
