"""Claims about promises: made once, durable before anything else, never replaced."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest

from crypto.groups import group_by_name
from tally.refusals import promise_election, promise_list, require_election
from voting.console import Refused
from voting.files import read_tree

KEY, E, OTHER = "aa" * 32, "bb" * 32, "cc" * 32


def test_promise_given_again_changes_nothing(tmp_path: Path) -> None:
    promise_election(tmp_path, KEY, E)
    promise_list(tmp_path, KEY, E, 1, "11" * 32)
    before = read_tree(tmp_path, 1 << 20)
    promise_election(tmp_path, KEY, E)
    promise_list(tmp_path, KEY, E, 1, "11" * 32)
    assert read_tree(tmp_path, 1 << 20) == before
    require_election(tmp_path, KEY, E)


def second_election(home: Path) -> None:
    promise_election(home, KEY, OTHER)


def second_list(home: Path) -> None:
    promise_list(home, KEY, E, 1, "22" * 32)


def same_list_of_another_election(home: Path) -> None:
    promise_list(home, KEY, OTHER, 1, "11" * 32)


@pytest.mark.parametrize("second", [second_election, second_list, same_list_of_another_election])
def test_second_promise_is_refused_and_the_first_stays(
    tmp_path: Path, second: Callable[[Path], None]
) -> None:
    promise_election(tmp_path, KEY, E)
    promise_list(tmp_path, KEY, E, 1, "11" * 32)
    before = read_tree(tmp_path, 1 << 20)
    with pytest.raises(Refused):
        second(tmp_path)
    assert read_tree(tmp_path, 1 << 20) == before


def test_other_keys_and_counts_have_promises_of_their_own(tmp_path: Path) -> None:
    promise_election(tmp_path, KEY, E)
    promise_election(tmp_path, OTHER, E)
    promise_list(tmp_path, KEY, E, 1, "11" * 32)
    promise_list(tmp_path, KEY, E, 2, "22" * 32)
    promise_list(tmp_path, OTHER, E, 1, "22" * 32)
    assert len(read_tree(tmp_path, 1 << 20)) == 5


def test_key_may_be_as_long_as_that_of_the_largest_group(tmp_path: Path) -> None:
    key = group_by_name("modp-3072").g.hex()
    promise_election(tmp_path, key, E)
    promise_list(tmp_path, key, E, 1, "11" * 32)
    require_election(tmp_path, key, E)
    with pytest.raises(Refused):
        promise_election(tmp_path, key, OTHER)
    with pytest.raises(Refused):
        promise_list(tmp_path, key, E, 1, "22" * 32)
    with pytest.raises(Refused):
        require_election(tmp_path, key[:-2] + "04", E)


@pytest.mark.parametrize("content", [b"", b"{}", b'{"election":"' + b"b" * 64 + b'"}'])
def test_damaged_promise_is_no_promise_and_is_not_replaced(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "promises" / f"{sha256(KEY.encode()).hexdigest()}.json"
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(Refused):
        require_election(tmp_path, KEY, E)
    with pytest.raises(Refused):
        promise_election(tmp_path, KEY, E)
    assert path.read_bytes() == content


def test_missing_promise_is_no_promise(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="not signed the manifest"):
        require_election(tmp_path, KEY, E)


def test_of_promises_given_at_once_exactly_one_holds(tmp_path: Path) -> None:
    def promise(number: int) -> bool:
        try:
            promise_list(tmp_path, KEY, E, 1, f"{number:064x}")
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(promise, range(16))) == 1
    assert len(list((tmp_path / "promises").iterdir())) == 1
