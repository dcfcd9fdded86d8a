"""One witness of the log, asked over HTTP (C2SP tlog-witness): its cosignature, or why not.

A witness is not trusted: its answer is bounded, and a cosignature counts when it was verified.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

from crypto.errors import EncodingError, SukashiError, VerificationError
from crypto.tlog import Checkpoint, Note, NoteSignature, Submission, VerifierKey
from crypto.tlog.cosignature import verify_cosignatures
from crypto.tlog.submission import SIZE_MEDIA_TYPE, parse_lines, parse_size
from voting.console import Refused
from voting.election.manifest import Manifest
from voting.http_client import NoAnswerError, Reply, Server, TooLongError

Proof = Callable[[int, int], Sequence[bytes]]  # the consistency proof between two sizes
SKEW: Final = 300  # seconds that a witness's clock may differ from this one
_LIMIT: Final = 1 << 16  # bytes of an answer
_TIMES: Final = 3  # how often one checkpoint is sent, where the size that it saw is another one
_TIMEOUT, _CONNECT = 5, 2  # seconds
_HEADERS: Final = {"Content-Type": "text/plain; charset=utf-8"}
_MEANS: Final = {
    403: "it does not know the log's key",
    404: "it does not watch this log; its operator runs: verifier witness add",
    429: "it is asked too often",
}


class NotCosignedError(SukashiError):
    """The witness did not cosign; the message says why, in words of this program alone."""


class OtherHistoryError(NotCosignedError):
    """The witness says that it has seen what this log does not have."""


class LargerTreeError(OtherHistoryError):
    """The witness says that it has seen more of this log."""

    def __init__(self, size: int) -> None:
        super().__init__(f"it says that it has seen {size} entries of this log, which are more")
        self.size = size


class Asked(Protocol):
    """A witness's server: `http_client.Server`."""

    def ask(
        self, method: str, path: str, limit: int, body: bytes, headers: Mapping[str, str]
    ) -> Reply: ...


class Witness:
    """One witness and how much of the log it has seen, as far as it said. For one thread."""

    def __init__(
        self,
        key: VerifierKey,
        server: Asked,
        prefix: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`prefix`: the path below which it answers."""
        self._key, self._server, self._clock = key, server, clock
        self._path = f"{prefix}/add-checkpoint"
        self._seen = 0

    @property
    def name(self) -> str:
        return self._key.name

    def cosign(self, note: Note, proof: Proof) -> NoteSignature:
        """The witness's line for a checkpoint that the log signed, verified.

        Raises:
            NotCosignedError: it gave none.
        """
        checkpoint = Checkpoint.parse_text(note.text)
        for _ in range(_TIMES):
            old = self._seen if self._seen <= checkpoint.size else 0
            hashes = tuple(proof(old, checkpoint.size))
            reply = self._post(Submission(old, hashes, note).encode())
            if reply.status == 200:
                line = self._line(note, reply.body)
                self._seen = checkpoint.size
                return line
            if reply.status == 422:
                raise OtherHistoryError("it says that this log does not continue what it has seen")
            if reply.status != 409 or reply.media_type != SIZE_MEDIA_TYPE:
                raise NotCosignedError(_MEANS.get(reply.status, f"it answered {reply.status}"))
            seen = _size(reply.body)
            if seen > checkpoint.size:
                raise LargerTreeError(seen)
            if seen == old:
                raise OtherHistoryError(
                    f"it says that it has seen another history of this log, of {seen} entries"
                )
            self._seen = seen
        raise NotCosignedError("it says another size each time that it is asked")

    def _post(self, body: bytes) -> Reply:
        try:
            return self._server.ask("POST", self._path, _LIMIT, body, _HEADERS)
        except TooLongError:
            raise NotCosignedError("its answer is too long") from None
        except NoAnswerError as fault:
            raise NotCosignedError(f"it does not answer ({fault})") from None

    def _line(self, note: Note, body: bytes) -> NoteSignature:
        """The one line of its answer that is under its name and key, where it is a cosignature."""
        try:
            lines = Note(note.text, parse_lines(body)).lines_of(self._key)
            if len(lines) != 1:
                raise NotCosignedError(f"its answer has {len(lines)} lines under its name and key")
            found = verify_cosignatures(Note(note.text, tuple(lines)), [self._key], 1)
        except EncodingError:
            raise NotCosignedError("its answer has no signature lines") from None
        except VerificationError:
            raise NotCosignedError("its cosignature is false") from None
        if abs(found[0].timestamp - self._clock()) > SKEW:
            raise NotCosignedError(f"its clock differs by more than {SKEW} seconds")
        return lines[0]


def _size(body: bytes) -> int:
    try:
        return parse_size(body)
    except EncodingError:
        raise NotCosignedError("it says a size that is none") from None


def connect(key: VerifierKey, address: str) -> Witness:
    """The witness at http(s)://… or unix:/path."""
    server = Server(address, _TIMEOUT, connect=_CONNECT)
    return Witness(key, server, server.path.rstrip("/"))


def witnesses_of(manifest: Manifest, addresses: Mapping[str, str]) -> list[Witness]:
    """The manifest's witnesses at their addresses (key name → address); none where it requires no
    cosignatures.

    Raises:
        Refused: an address is missing, or is one too many.
    """
    keys = {key.name: key for key in manifest.witness_keys}
    if strange := sorted(addresses.keys() - keys.keys()):
        raise Refused(
            f"the server file has the witnesses {', '.join(strange)}, whom the manifest does not"
            " name: take them out, or correct their key_name"
        )
    if not manifest.parties.witnesses.required:
        return []
    if missing := sorted(keys.keys() - addresses.keys()):
        raise Refused(
            f"the server file does not say where the witnesses {', '.join(missing)} are: write for"
            f' each [[witnesses]], and below it key_name = "{missing[0]}" and url = "https://…"'
        )
    return [connect(key, addresses[name]) for name, key in keys.items()]
