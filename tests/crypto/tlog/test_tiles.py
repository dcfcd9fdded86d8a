"""Tiles: the example of the specification, and logs that do not agree with themselves."""

from __future__ import annotations

import pytest

from crypto.errors import EncodingError, VerificationError
from crypto.tlog import (
    Tree,
    expected_paths,
    leaf_hash,
    read_entries,
    root_hash,
    tile_file,
    tile_files,
)
from crypto.tlog.tiles import tile_path


def entries(count: int) -> list[bytes]:
    return [b"entry %d" % i for i in range(count)]


def test_paths_are_those_of_the_specification() -> None:
    assert tile_path(0, 1234067) == "tile/0/x001/x234/067"
    assert tile_path(2, 0, 1) == "tile/2/000.p/1"
    assert tile_path(None, 999) == "tile/entries/999"
    assert tile_path(None, 1000, 255) == "tile/entries/x001/000.p/255"
    for level, index, width in ((64, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257)):
        with pytest.raises(ValueError):
            tile_path(level, index, width)


def test_a_log_of_70000_has_the_tiles_of_the_specification() -> None:
    paths = expected_paths(70_000)
    tiles = [p for p in paths if not p.startswith("tile/entries")]
    assert sum(p.startswith("tile/0/") for p in tiles) == 274
    assert [p for p in tiles if not p.startswith("tile/0/")] == [
        "tile/1/000",
        "tile/1/001.p/17",
        "tile/2/000.p/1",
    ]
    assert "tile/0/273.p/112" in tiles
    assert len(paths) == len(tiles) + 274
    assert expected_paths(256) == ["tile/0/000", "tile/1/000.p/1", "tile/entries/000"]
    assert expected_paths(0) == []


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 513])
def test_entries_survive_their_tiles(size: int) -> None:
    log = entries(size)
    files = tile_files(log)
    assert sorted(files) == sorted(expected_paths(size))
    assert read_entries(files, size, root_hash(log)) == log


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 513])
def test_log_has_each_file_of_each_size_that_it_had(size: int) -> None:
    """Partial tiles too: somebody may hold an earlier checkpoint."""
    log = entries(size)
    tree, ever = Tree(map(leaf_hash, log)), dict[str, bytes]()
    for earlier in range(1, size + 1):
        ever |= tile_files(log[:earlier])
    others = {
        tile_path(level, index, width)
        for level in (None, 0, 1, 9, 63)
        for index in (0, 1, 2, 273, 1000)
        for width in (1, 112, 255, 256)
    }
    for path in others | set(ever):
        assert tile_file(path, tree, log) == ever.get(path)


def test_files_of_a_large_log_are_found_one_by_one() -> None:
    log = entries(70_000)
    tree, files = Tree(map(leaf_hash, log)), tile_files(log)
    paths = [*files][:3] + [*files][-3:]
    assert [tile_file(path, tree, log) for path in paths] == [files[path] for path in paths]


@pytest.mark.parametrize(
    "path",
    ["", "checkpoint", "tile/0/000.p/0", "tile/0/000.p/04", "tile/0/000.p/4/", "tile/00/000.p/4",
     "tile/0/x000/000.p/4", "tile/-1/000", "tile/0/../000", "tile/0/０００.p/4", "tile/0/000.p/4\n",
     "tile/99/000", "tile/0/" + "x999/" * 9 + "999", "tile/entries/000.p/004"],
)  # fmt: skip
def test_path_in_another_spelling_is_no_tile(path: str) -> None:
    log = entries(4)
    tree = Tree(map(leaf_hash, log))
    assert tile_file("tile/0/000.p/4", tree, log) is not None
    assert tile_file(path, tree, log) is None


def test_entries_may_be_empty_or_long_but_not_too_long() -> None:
    log = [b"", b"\xff" * 65_535, b"x"]
    assert read_entries(tile_files(log), 3, root_hash(log)) == log
    with pytest.raises(EncodingError):
        tile_files([b"x" * 65_536])


def test_every_changed_file_is_refused_by_its_path() -> None:
    log = entries(300)
    files, root = tile_files(log), root_hash(log)
    for path, data in files.items():
        changed = bytes([data[0] ^ 1]) + data[1:]
        for other in (changed, data[:-1], data + b"\0", b""):
            with pytest.raises(VerificationError) as failure:
                read_entries({**files, path: other}, 300, root, check_id="record.log")
            assert failure.value.check_id == "record.log"
        missing = {p: d for p, d in files.items() if p != path}
        with pytest.raises(VerificationError, match="missing"):
            read_entries(missing, 300, root)


def test_a_surplus_file_a_wrong_size_and_a_wrong_root_are_refused() -> None:
    log = entries(300)
    files, root = tile_files(log), root_hash(log)
    with pytest.raises(VerificationError, match="not part"):
        read_entries({**files, "tile/0/001.p/43": b""}, 300, root)
    with pytest.raises(VerificationError):
        read_entries(files, 299, root)
    with pytest.raises(VerificationError, match="root"):
        read_entries(files, 300, bytes(32))


def test_swapped_entries_are_refused() -> None:
    log = entries(4)
    swapped = tile_files([log[1], log[0], *log[2:]])
    with pytest.raises(VerificationError, match="root"):
        read_entries(swapped, 4, root_hash(log))
    mixed = {**tile_files(log), "tile/0/000.p/4": swapped["tile/0/000.p/4"]}
    with pytest.raises(VerificationError, match="differs"):
        read_entries(mixed, 4, root_hash(log))
