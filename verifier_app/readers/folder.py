"""The files of a record: bounded, regular, and nothing outside the folder."""

from __future__ import annotations

import os
from pathlib import Path

from crypto.errors import SukashiError

MAX_FILE = 1 << 31
MAX_FILES = 200_000


class UnreadableError(SukashiError):
    """The call names something that cannot be read at all; no verdict is possible."""


class Folder:
    """All files under a folder, by their path with slashes. Contents are read when asked for.

    Links and special files are never followed or read; `irregular` names them.
    """

    def __init__(self, root: Path) -> None:
        """Raises UnreadableError for what is no folder, or holds far too many files."""
        if not root.is_dir():
            raise UnreadableError(f"{root} is not a folder")
        self._root = root
        self.paths: set[str] = set()
        self.irregular: list[str] = []
        for folder, folders, files in os.walk(root, onerror=_refuse):
            for name in [*folders, *files]:
                path = Path(folder) / name
                inside = path.relative_to(root).as_posix()
                if path.is_symlink() or not (path.is_dir() or path.is_file()):
                    self.irregular.append(inside)
                elif path.is_file():
                    self.paths.add(inside)
            if len(self.paths) > MAX_FILES:
                raise UnreadableError(f"{root} holds more than {MAX_FILES} files")

    def __contains__(self, path: str) -> bool:
        return path in self.paths

    def read(self, path: str) -> bytes:
        """A file's bytes. Raises KeyError for one that is not there, UnreadableError if too big."""
        return self.read_at_most(path, MAX_FILE)

    def read_at_most(self, path: str, limit: int) -> bytes:
        """As `read`, for a file that may have so many bytes."""
        if path not in self.paths:
            raise KeyError(path)
        with (self._root / path).open("rb") as file:
            data = file.read(limit + 1)
        if len(data) > limit:
            raise UnreadableError(f"{path} is larger than such a file may be")
        return data

    def names(self, prefix: str) -> set[str]:
        """The rest of all paths below a prefix that ends with a slash."""
        return {path[len(prefix) :] for path in self.paths if path.startswith(prefix)}

    def under(self, prefix: str) -> dict[str, bytes]:
        """All files below a prefix, by the rest of their path."""
        return {name: self.read(prefix + name) for name in sorted(self.names(prefix))}


def _refuse(fault: OSError) -> None:
    raise UnreadableError(f"{fault.filename} cannot be read: {fault.strerror}")
