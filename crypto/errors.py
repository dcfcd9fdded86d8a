"""The ways in which this package refuses. Every other package derives its errors from the root."""

from __future__ import annotations


class SukashiError(Exception):
    """Root of all errors that are raised on purpose."""


class EncodingError(SukashiError):
    """A parser refused bytes that are not the canonical encoding of what was expected."""


class VerificationError(SukashiError):
    """A check failed.

    ``check_id`` is the stable name of the check in docs/specification.md (``mix.proof.A``),
    ``where`` says which part of the data (a field, an index, a file) and ``why`` what is wrong.
    """

    def __init__(self, check_id: str, where: str, why: str) -> None:
        super().__init__(f"{check_id}: {where}: {why}")
        self.check_id = check_id
        self.where = where
        self.why = why

    def __reduce__(self) -> tuple[type[VerificationError], tuple[str, str, str]]:
        """Pickle with all three fields, so that a worker's refusal reaches its caller whole."""
        return type(self), (self.check_id, self.where, self.why)
