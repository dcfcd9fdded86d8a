"""The generator, the oracle and the transcript."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import byte_tree
from crypto.random_oracle import PRG, HashName, Transcript, random_oracle

SEED = bytes(range(32))


@given(st.lists(st.integers(0, 90), max_size=6))
def test_reads_of_any_sizes_give_one_stream(sizes: list[int]) -> None:
    prg, whole = PRG(SEED), PRG(SEED).read(sum(sizes))
    assert b"".join(prg.read(n) for n in sizes) == whole


def test_stream_is_the_hash_of_seed_and_counter() -> None:
    blocks = [hashlib.sha256(SEED + i.to_bytes(4, "big")).digest() for i in range(3)]
    assert PRG(SEED).read(80) == b"".join(blocks)[:80]


def test_seed_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError):
        PRG(SEED[:-1])
    with pytest.raises(ValueError):
        PRG(SEED, "SHA-512")


@pytest.mark.parametrize("n_bits", [1, 7, 8, 9, 100, 256, 999])
def test_oracle_clears_the_surplus_bits(n_bits: int) -> None:
    output = random_oracle(n_bits, b"data")
    assert len(output) == -(-n_bits // 8)
    assert int.from_bytes(output, "big") < 1 << n_bits


def test_integers_take_whole_bytes_and_clear_the_top_bits() -> None:
    stream = PRG(SEED).read(6)
    expected = [int.from_bytes(stream[i : i + 2], "big") & 0x3FF for i in (0, 2, 4)]
    assert PRG(SEED).integers(3, 10) == expected


@pytest.mark.parametrize("name", ["SHA-256", "SHA-384", "SHA-512"])
def test_transcript_is_the_oracle_of_prefix_and_tree(name: HashName) -> None:
    transcript, tree = Transcript(b"prefix", name, name), (b"a", (b"b",))
    data = b"prefix" + byte_tree.encode(tree)
    expected = int.from_bytes(random_oracle(200, data, hash_name=name), "big")
    assert transcript.challenge(200, tree) == expected
    assert transcript.seed(tree) == random_oracle(
        8 * len(transcript.seed(tree)), data, hash_name=name
    )
    assert transcript.prg(transcript.seed(tree)).read(1)


def test_challenge_depends_on_prefix_and_on_every_part_of_the_tree() -> None:
    trees: list[byte_tree.Tree] = [(b"a", b"b"), (b"ab", b""), (b"ab",), b"ab", ((b"a", b"b"),)]
    challenges = {Transcript(p).challenge(256, t) for p in (b"", b"p") for t in trees}
    assert len(challenges) == 2 * len(trees)
