"""What a watcher remembers between two looks at a log: a file of its own (`sukashi/watch/1`)."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import rfc8785
from pydantic import Field

from crypto.errors import EncodingError, SukashiError
from crypto.tlog import Checkpoint, Note
from crypto.tlog.frontier import Frontier
from verifier_app.readers.documents import Digest, Document, Natural, read
from verifier_app.readers.entries import FIRST_PREVIOUS
from verifier_app.writing import write_durable

_LIMIT = 1 << 24
_KEPT = 100  # contradictory checkpoints


class StateError(SukashiError):
    """The file is no state of a watcher, or of another log."""


class State(Document):
    """The log as it was seen: its size, the full subtrees of its tree, its last entry's leaf hash
    and time, whether voting is open, and the checkpoint verbatim. `contradictions`: checkpoints
    that the log signed and that do not fit it."""

    schema_: Literal["sukashi/watch/1"] = Field(alias="schema")
    origin: str
    size: Natural
    subtrees: tuple[Digest, ...]
    previous: Digest
    time: str
    open: bool
    checkpoint: str
    contradictions: tuple[str, ...]

    @classmethod
    def begin(cls, origin: str) -> State:
        """Nothing was seen yet."""
        return cls(
            schema="sukashi/watch/1",
            origin=origin,
            size=0,
            subtrees=(),
            previous=FIRST_PREVIOUS,
            time="",
            open=False,
            checkpoint="",
            contradictions=(),
        )

    @classmethod
    def load(cls, path: Path, origin: str) -> State:
        """The state in a file, or the first one where there is none. Raises StateError."""
        if not path.exists():
            return cls.begin(origin)
        with path.open("rb") as file:
            data = file.read(_LIMIT)
        try:
            state = read(cls, data, str(path))
            state._verify()
        except EncodingError as fault:
            raise StateError(f"{path} is not what a watcher remembers: {fault}") from None
        if state.origin != origin:
            raise StateError(
                f"{path} is about the log {state.origin}, not {origin}: the election's manifest is"
                " another one than before, which is an alarm of its own"
            )
        return state

    def _verify(self) -> None:
        """Its tree is that of its checkpoint. Raises EncodingError."""
        frontier = self.frontier()
        if self.checkpoint or self.size:
            head = Checkpoint.parse_text(Note.parse(self.checkpoint.encode()).text)
            if (head.size, head.root) != (self.size, frontier.root()):
                raise EncodingError("its tree is not that of its checkpoint")

    def save(self, path: Path) -> None:
        """Durable when this returns."""
        write_durable(path, rfc8785.dumps(self.model_dump(mode="json", by_alias=True)))

    def frontier(self) -> Frontier:
        """Raises EncodingError."""
        return Frontier(self.size, [bytes.fromhex(text) for text in self.subtrees])

    def with_contradiction(self, note: bytes) -> State:
        """With one more checkpoint that does not fit, each once and the first ones."""
        text = note.decode()
        if text in self.contradictions or len(self.contradictions) >= _KEPT:
            return self
        return self.model_copy(update={"contradictions": (*self.contradictions, text)})
