"""Durable writes and bounded reads.

A write is atomic: after a power cut the old file or the new one is there, whole. Nothing here
knows what the bytes mean.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from crypto.errors import SukashiError


class FileFaultError(SukashiError):
    """A file or folder is not what its reader may take."""


def write_atomic(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Replace the file by `data`; durable when this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def write_new(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write a file that must not exist with other content.

    Raises:
        FileFaultError: it exists and holds other bytes.
    """
    if path.exists():
        if path.read_bytes() != data:
            raise FileFaultError(f"{path} exists and holds something else; nothing was changed")
        return
    write_atomic(path, data, mode=mode)


def write_directory(path: Path, files: Mapping[str, bytes]) -> None:
    """Make the folder with all files or not at all, by one rename; it must not exist.

    Raises:
        FileFaultError: the folder exists.
    """
    if path.exists():
        raise FileFaultError(f"{path} exists already; nothing was changed")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    try:
        for name, data in files.items():
            write_atomic(temporary / name, data)
        temporary.chmod(0o755)
        temporary.rename(path)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Make renames in a folder durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_bounded(path: Path, limit: int) -> bytes:
    """The bytes of a regular file of at most `limit` bytes.

    Raises:
        FileFaultError: missing, not a regular file, or larger.
    """
    if not path.is_file() or path.is_symlink():
        raise FileFaultError(f"{path} is missing or not a regular file")
    with path.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise FileFaultError(f"{path} is larger than the {limit} bytes it may have")
    return data


def read_tree(root: Path, limit: int) -> dict[str, bytes]:
    """All files under a folder by their relative path, each of at most `limit` bytes.

    Raises:
        FileFaultError: not a folder, or it holds a link or something that is not a file.
    """
    if not root.is_dir():
        raise FileFaultError(f"{root} is not a folder")
    found: dict[str, bytes] = {}
    for path in sorted(root.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            continue
        found[path.relative_to(root).as_posix()] = read_bounded(path, limit)
    return found
