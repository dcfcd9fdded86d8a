"""What an interrupted verification had found good, so that the next one goes on from there.

A line for each part is appended when the part holds. It is a digest of everything that the outcome
depends on: this program and what it is built on, its arithmetic, the part's function and every byte
that it reads. After any change the digest is another one and the part is done again. The file is as
trustworthy as who can write it: it must be the auditor's own.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import re
import stat
import sys
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

from crypto import byte_tree
from crypto.errors import SukashiError
from crypto.groups import Element, active_arithmetic
from crypto.proofs.range_statement import EncryptedContest
from execution.workers import sources

HEADER = b"sukashi/kept-progress/1\n"
LIMIT = 1 << 28  # bytes
_LINE = re.compile(rb"(?m)^([0-9a-f]{64}) ")


class KeptFileError(SukashiError):
    """This file cannot be used to keep progress."""


class Kept:
    """The parts that hold, in a file of the auditor."""

    def __init__(self, path: Path, record: Path) -> None:
        """Raises KeptFileError for a file that others can write, or that came with the record."""
        if path.resolve().is_relative_to(record.resolve()):
            raise KeptFileError(f"{path} lies in the record: name a file of your own")
        try:
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        except OSError as fault:
            raise KeptFileError(f"{path} cannot be opened: {fault.strerror}") from fault
        state = os.fstat(file)
        if not stat.S_ISREG(state.st_mode) or state.st_uid != os.geteuid() or state.st_mode & 0o022:
            raise KeptFileError(
                f"{path} is no file of yours that only you can write: who can write it could make"
                " the verifier skip what is false. Name a new one"
            )
        if path.parent.stat().st_mode & (stat.S_IWOTH | stat.S_ISVTX) == stat.S_IWOTH:
            raise KeptFileError(
                f"everybody can exchange what lies in {path.parent}: name a file in a folder of"
                " your own"
            )
        self._file = os.fdopen(file, "a+b", buffering=0)
        self._file.seek(0)
        data = self._file.read(LIMIT)
        if not data:
            data = HEADER
            self._append(HEADER)
        if not data.startswith(HEADER):
            raise KeptFileError(f"{path} is something else: name a new file to keep progress in")
        self._found = {match[1].decode() for match in _LINE.finditer(data)}
        if not data.endswith(b"\n"):  # a line was cut off
            self._append(b"\n")

    def _append(self, data: bytes) -> None:
        self._file.write(data)
        os.fsync(self._file.fileno())

    def holds(self, function: Callable[[Any], Any], part: Any) -> bool:
        """Whether this part was found good before."""
        return digest(function, part) in self._found

    def add(self, function: Callable[[Any], Any], part: Any) -> None:
        """Keep that it was. On disk when this returns."""
        self._append(f"{digest(function, part)} {function.__name__} {part.place!r}\n".encode())


def digest(function: Callable[[Any], Any], part: Any) -> str:
    """Of everything that the outcome depends on."""
    name = f"{function.__module__}.{function.__qualname__}"
    tree = (_tree(program()), _tree(active_arithmetic()), _tree(name), _tree(part))
    return hashlib.sha256(HEADER + byte_tree.encode(tree)).hexdigest()


def _tree(value: Any) -> byte_tree.Tree:
    """One byte tree for each value; long files by their digest."""
    found: tuple[byte_tree.Tree, ...]
    match value:
        case None:
            found = (b"n",)
        case str():
            found = (b"s", value.encode("utf-8", "surrogatepass"))
        case bytes():
            found = (b"b", hashlib.sha256(value).digest())
        case int():
            found = (b"i", str(value).encode())
        case Element() | EncryptedContest():
            found = (b"e", hashlib.sha256(byte_tree.encode(value.tree())).digest())
        case Mapping():
            found = (b"m", *((_tree(key), _tree(item)) for key, item in sorted(value.items())))
        case tuple():
            found = (b"t", *(_tree(item) for item in value))
        case _ if is_dataclass(value):
            found = (b"d", *(_tree(getattr(value, member.name)) for member in fields(value)))
        case _:
            raise TypeError(f"a part holds a {type(value).__name__}")
    return found


@cache
def program() -> str:
    """A digest of this program, its kernel, Python and every installed package."""
    installed = sorted(f"{d.name}=={d.version}" for d in importlib.metadata.distributions())
    whole = hashlib.sha256("\n".join([sources(), sys.version, *installed]).encode())
    kernel = importlib.util.find_spec("sukashi_kernel")
    places = [] if kernel is None else kernel.submodule_search_locations or [str(kernel.origin)]
    for place in map(Path, places):
        for path in sorted(place.iterdir()) if place.is_dir() else [place]:
            if path.is_file():
                whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()
