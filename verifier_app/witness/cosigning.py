"""Whether to cosign a checkpoint (c2sp.org/tlog-witness, add-checkpoint), without HTTP.

The witness speaks for one thing only: that the tree it cosigns is the largest that it has seen of
this log, and that it continues all that it has cosigned before. It knows nothing of entries.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from crypto.errors import EncodingError, VerificationError
from crypto.signing import SigningKey
from crypto.tlog import Checkpoint, Submission, VerifierKey, cosign, verify_consistency
from crypto.tlog.submission import SIZE_MEDIA_TYPE, encode_lines
from crypto.tlog.tree import EMPTY_ROOT
from verifier_app.witness.store import Head, Store, Transaction, WatchedLog

LOG: Final = logging.getLogger("sukashi.witness")
TEXT: Final = "text/plain; charset=utf-8"
_CHECK: Final = "witness"


@dataclass(frozen=True)
class Answer:
    """What the log is told: an HTTP status, and its body."""

    status: int
    body: bytes
    media_type: str = TEXT


class Witness:
    """One witness with its key and its store. Safe for concurrent use."""

    def __init__(
        self, store: Store, key: SigningKey, clock: Callable[[], float] = time.time
    ) -> None:
        self._store, self._key, self._clock = store, key, clock

    def add_checkpoint(self, data: bytes) -> Answer:
        """The answer to one submission, in the order of the specification:

        1. 400 for what is no submission.
        2. 404 for a log that is not watched.
        3. 403 unless the log's own key signed the checkpoint.
        4. 400 for an old size above the checkpoint's.
        5. 409, with the size seen, unless the old size is that; or for another root of that size.
        6. 422 unless the proof shows that the tree continues the one seen.
        7. The new tree is on disk; then 200 with the cosignature.
        """
        try:
            submission = Submission.parse(data)
        except EncodingError as fault:
            return _said(400, str(fault))
        checkpoint = submission.checkpoint
        log = self._store.log(checkpoint.origin)
        if log is None:
            return _said(404, "this witness does not watch that log")
        refusal = self._refusal(log, submission)
        if refusal is not None:
            return refusal
        line = cosign(checkpoint, self._key, log.key_name, int(self._clock()))
        return Answer(200, encode_lines(line))

    def _refusal(self, log: WatchedLog, submission: Submission) -> Answer | None:
        """Steps 3 to 7; None where the new tree is stored."""
        checkpoint = submission.checkpoint
        try:
            submission.note.verify(VerifierKey.parse(log.log_key), check_id=_CHECK)
        except VerificationError:
            return _said(403, "the log did not sign this checkpoint")
        if submission.old_size > checkpoint.size:
            return _said(400, "the old size is larger than the checkpoint's")
        try:
            with self._store.writing() as transaction:
                return _take(transaction, submission, checkpoint)
        except VerificationError as fault:
            LOG.warning("not cosigned at size %d: %s", checkpoint.size, fault.why)
            return _said(422, fault.why)


def _take(
    transaction: Transaction, submission: Submission, checkpoint: Checkpoint
) -> Answer | None:
    """Store the new tree, or say why not. Raises VerificationError for a proof that fails."""
    origin, new = checkpoint.origin, Head(checkpoint.size, checkpoint.root)
    seen = transaction.head(origin)
    known = transaction.root_at(origin, new.size)
    if known not in (None, new.root):
        LOG.error("A FORK: %s signed a second root of its size %d", origin, new.size)
        transaction.add_contradiction(origin, new, submission.note.encode())
        return _conflict(seen)
    if submission.old_size != (0 if seen is None else seen.size):
        return _conflict(seen)
    old = seen or Head(0, EMPTY_ROOT)
    if new.size == 0 and new.root != EMPTY_ROOT:
        raise VerificationError(_CHECK, origin, "an empty tree has another root")
    verify_consistency(
        old.size, old.root, new.size, new.root, submission.hashes, check_id=_CHECK, where=origin
    )
    if known is None:
        transaction.add_head(origin, new, submission.note.encode())
    return None


def _conflict(seen: Head | None) -> Answer:
    size = 0 if seen is None else seen.size
    return Answer(409, f"{size}\n".encode(), SIZE_MEDIA_TYPE)


def _said(status: int, why: str) -> Answer:
    return Answer(status, f"{why}\n".encode())
