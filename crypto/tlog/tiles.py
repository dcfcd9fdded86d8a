"""Log tiles (c2sp.org/tlog-tiles): a log as static files, by path and bytes; nothing is read or
written here.

Tiles are of height 8. `tile/<L>/<N>` holds 256 hashes of level L, `tile/entries/<N>` 256 entries,
each with its length in two bytes before it; the last ones are partial: `….p/<W>`.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from crypto.errors import EncodingError, VerificationError
from crypto.tlog.tree import Tree, leaf_hash

HEIGHT: Final = 8
WIDTH: Final = 1 << HEIGHT
MAXIMUM_ENTRY_BYTES: Final = 0xFFFF
_PATH: Final = re.compile(
    r"tile/(?P<level>entries|[0-9]{1,2})/(?P<index>(x[0-9]{3}/){0,5}[0-9]{3})(\.p/(?P<width>[0-9]{1,3}))?"
)


def tile_path(level: int | None, index: int, width: int = WIDTH) -> str:
    """Path of tile `index` of `level`, or of entry bundle `index` if level is None.

    `width`: 1 … 256 hashes or entries; below 256 the tile is partial. E.g.
    `tile/0/x001/x234/067.p/3`.
    """
    if not (index >= 0 and 1 <= width <= WIDTH and (level is None or 0 <= level <= 63)):
        raise ValueError("no such tile")
    digits = f"{index % 1000:03d}"
    while index >= 1000:
        index //= 1000
        digits = f"x{index % 1000:03d}/{digits}"
    suffix = "" if width == WIDTH else f".p/{width}"
    return f"tile/{'entries' if level is None else level}/{digits}{suffix}"


def tile_bytes(tree: Tree, level: int, index: int, width: int = WIDTH) -> bytes:
    """The hashes of a tile. Raises ValueError where the tree does not reach so far."""
    start = index * WIDTH
    return b"".join(tree.full_subtrees(HEIGHT * level, start, start + width))


def bundle_bytes(entries: Sequence[bytes]) -> bytes:
    """An entry bundle of 1 … 256 entries. Raises EncodingError for an entry above 65,535 bytes."""
    if any(len(entry) > MAXIMUM_ENTRY_BYTES for entry in entries):
        raise EncodingError("an entry of a log has at most 65,535 bytes")
    return b"".join(struct.pack(">H", len(entry)) + entry for entry in entries)


def tile_files(entries: Sequence[bytes]) -> dict[str, bytes]:
    """All tiles and entry bundles of the log with these entries: {path: bytes}."""
    tree = Tree(leaf_hash(entry) for entry in entries)
    files = {
        tile_path(level, index, width): tile_bytes(tree, level, index, width)
        for level, index, width in _tiles(len(entries))
    }
    for index, width in _spans(len(entries)):
        start = index * WIDTH
        files[tile_path(None, index, width)] = bundle_bytes(entries[start : start + width])
    return files


def tile_file(path: str, tree: Tree, entries: Sequence[bytes]) -> bytes | None:
    """One of the `tile_files` of the log at this size or at an earlier one, without making the
    others; None where the log never had such a file. Whoever has a checkpoint of an earlier size
    still asks for the partial tiles of that size.
    """
    found = _PATH.fullmatch(path)
    if found is None:
        return None
    level = None if found["level"] == "entries" else int(found["level"])
    index = int(re.sub(r"[x/]", "", found["index"]))
    count = len(entries) if level is None else len(entries) >> (HEIGHT * level)
    width = int(found["width"] or WIDTH)
    if not 1 <= width <= min(WIDTH, count - index * WIDTH):
        return None
    if path != tile_path(level, index, width):
        return None
    if level is not None:
        return tile_bytes(tree, level, index, width)
    return bundle_bytes(entries[index * WIDTH : index * WIDTH + width])


def expected_paths(size: int) -> list[str]:
    """The paths that a log of `size` entries consists of, with no partial tile of earlier sizes."""
    paths = [tile_path(level, index, width) for level, index, width in _tiles(size)]
    return paths + [tile_path(None, index, width) for index, width in _spans(size)]


def read_entries(
    files: Mapping[str, bytes],
    size: int,
    root: bytes,
    *,
    check_id: str = "log.tree",
    where: str = "",
) -> list[bytes]:
    """The entries of the log of `size` with `root`, from exactly the files `expected_paths(size)`.

    1. No file is missing and none is too many.
    2. Every bundle holds exactly its number of entries and no further byte.
    3. The tree over the entries has the root.
    4. Every tile equals the tree's hashes.

    Raises VerificationError(check_id, where, …) with the file's path after `where`. The caller
    must have `size` and `root` from a checkpoint it trusts.
    """
    expected = expected_paths(size)
    for path in sorted(files.keys() ^ set(expected)):
        why = "is not part of the log" if path in files else "is missing from the log"
        raise VerificationError(check_id, where + path, f"the file {path} {why}")
    entries: list[bytes] = []
    for index, width in _spans(size):
        path = tile_path(None, index, width)
        bundle = read_bundle(files[path], check_id=check_id, where=where + path)
        if len(bundle) != width:
            why = f"the bundle holds {len(bundle)} entries, not {width}"
            raise VerificationError(check_id, where + path, why)
        entries += bundle
    tree = Tree(leaf_hash(entry) for entry in entries)
    if tree.root() != root:
        raise VerificationError(check_id, where, "the entries do not give the checkpoint's root")
    for level, index, width in _tiles(size):
        path = tile_path(level, index, width)
        if files[path] != tile_bytes(tree, level, index, width):
            raise VerificationError(check_id, where + path, "the tile differs from the entries")
    return entries


def read_bundle(data: bytes, *, check_id: str = "log.tree", where: str = "") -> list[bytes]:
    """The entries of a bundle, however many. Raises VerificationError where one is cut off."""
    entries: list[bytes] = []
    position = 0
    while position < len(data):
        header = data[position : position + 2]
        length = int.from_bytes(header, "big")
        entry = data[position + 2 : position + 2 + length]
        if len(header) != 2 or len(entry) != length:
            raise VerificationError(check_id, where, "an entry of the bundle is cut off")
        entries.append(entry)
        position += 2 + length
    return entries


def _spans(count: int) -> Iterator[tuple[int, int]]:
    """(index, width) of the tiles over `count` hashes or entries, the last one perhaps partial."""
    full, rest = divmod(count, WIDTH)
    for index in range(full):
        yield index, WIDTH
    if rest:
        yield full, rest


def _tiles(size: int) -> Iterator[tuple[int, int, int]]:
    """(level, index, width) of every tile of a tree of `size` leaves."""
    level, count = 0, size
    while count:
        for index, width in _spans(count):
            yield level, index, width
        level, count = level + 1, count // WIDTH
