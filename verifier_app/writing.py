"""Durable files: what the verifier writes is whole and on disk when the call returns."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def write_durable(path: Path, data: bytes) -> None:
    """Replace the file by `data`: after a power cut the old one is there or the new one, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = _draft(path, data)
    draft.replace(path)
    sync_folder(path.parent)


def write_once(path: Path, data: bytes) -> bool:
    """Create the file with `data`, or find it so; False if it holds something else."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    sync_folder(path.parent.parent)
    draft = _draft(path, data)
    try:
        path.hardlink_to(draft)  # fails where the file exists: never replaces one
    except FileExistsError:
        return path.read_bytes() == data
    finally:
        draft.unlink()
        sync_folder(path.parent)
    return True


def _draft(path: Path, data: bytes) -> Path:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with draft.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    return draft


def sync_folder(folder: Path) -> None:
    """Make what was made or renamed in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
