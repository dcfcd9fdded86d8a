"""Proof directories in memory."""

from __future__ import annotations

from collections.abc import Mapping

from verifier_app.readers.folder import Folder, UnreadableError
from verifier_app.verificatum.report import Report, verify
from verifier_app.verificatum.session import Expectations, Session


class InMemory(Folder):
    """A directory that is not on a disk."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.paths, self.irregular, self._files = set(files), [], files

    def read_at_most(self, path: str, limit: int) -> bytes:
        if len(self._files[path]) > limit:
            raise UnreadableError(path)
        return self._files[path]


def judge(
    files: Mapping[str, bytes], protinfo: bytes, expectations: Expectations | None = None
) -> Report:
    """The report on a directory."""
    return verify(Session(InMemory(files), protinfo, expectations or Expectations()))
