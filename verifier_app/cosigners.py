"""The trusted witnesses of a log, and whether enough of them cosigned a head of it
(docs/specification.md section 8)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

from crypto.tlog import Note, VerifierKey, verify_cosignatures

TOLERANCE: Final = dt.timedelta(minutes=5)  # between the clocks of collector and witnesses
LONG_AGO: Final = dt.datetime.fromtimestamp(0, dt.UTC) + TOLERANCE


@dataclass(frozen=True)
class WitnessPolicy:
    """As many as are required of these keys cosign a checkpoint."""

    required: int
    keys: tuple[VerifierKey, ...]

    def verify(self, note: bytes | Note, where: str, logged: dt.datetime = LONG_AGO) -> int:
        """How many of the keys cosigned the checkpoint; at least as many as are required.

        `logged`: the time of an entry that its tree holds. A cosignature dated more than five
        minutes before counts for nothing: that tree did not exist then. Raises VerificationError
        (`log.witnesses`), EncodingError for bytes that are no checkpoint. The caller has checked
        whose checkpoint it is.
        """
        earliest = int((logged - TOLERANCE).timestamp())
        found = verify_cosignatures(
            note, self.keys, self.required, not_before=earliest, where=where
        )
        return len(found)
