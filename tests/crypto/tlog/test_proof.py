"""Receipts: the tlog-proof format."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from crypto.errors import EncodingError, VerificationError
from crypto.signing import SigningKey
from crypto.tlog import Checkpoint, LogProof, Tree, VerifierKey, cosign, leaf_hash, sign_checkpoint
from crypto.tlog.cosignature import witness_key

ENTRIES = [b"entry %d" % i for i in range(11)]
ORIGIN = "log.example/2026"
LOG = SigningKey(bytes(range(32)))
LOG_KEY = VerifierKey(ORIGIN, LOG.public_key)
WITNESS = SigningKey(bytes([9]) * 32)
POLICY = [witness_key("witness.example", WITNESS.public_key)]


def proof(index: int, size: int = 11, extra: bytes | None = None) -> LogProof:
    tree = Tree(leaf_hash(entry) for entry in ENTRIES)
    checkpoint = Checkpoint(ORIGIN, size, tree.root(size))
    line = cosign(checkpoint, WITNESS, "witness.example", 1_800_000_000)
    note = sign_checkpoint(checkpoint, LOG).with_signatures(line)
    return LogProof(index, tuple(tree.inclusion_proof(index, size)), note, extra)


@pytest.mark.parametrize("extra", [None, b"", b"entry 4", bytes(range(256))])
def test_a_proof_survives_its_text(extra: bytes | None) -> None:
    for index, size in ((0, 1), (4, 11), (10, 11)):
        data = proof(index, size, extra).encode()
        parsed = LogProof.parse(data)
        assert parsed.encode() == data
        assert parsed.extra == extra
        assert parsed.verify(ENTRIES[index], LOG_KEY, witnesses=POLICY, required=1).size == size


def test_the_text_is_that_of_the_specification() -> None:
    lines = proof(4, 11, b"x").encode().decode().split("\n")
    assert lines[:3] == ["c2sp.org/tlog-proof@v1", "extra eA==", "index 4"]
    assert [len(line) for line in lines[3:7]] == [44, 44, 44, 44]
    assert lines[7:10] == ["", ORIGIN, "11"]


def test_what_the_proof_is_not_about_is_refused() -> None:
    good = proof(4)
    foreign = VerifierKey(ORIGIN, WITNESS.public_key)
    cases: list[tuple[LogProof, bytes, VerifierKey, int]] = [
        (good, b"entry 5", LOG_KEY, 1),
        (dataclasses.replace(good, index=5), ENTRIES[4], LOG_KEY, 1),
        (dataclasses.replace(good, index=11), ENTRIES[4], LOG_KEY, 1),
        (dataclasses.replace(good, hashes=good.hashes[:-1]), ENTRIES[4], LOG_KEY, 1),
        (dataclasses.replace(good, hashes=(*good.hashes, bytes(32))), ENTRIES[4], LOG_KEY, 1),
        (dataclasses.replace(good, checkpoint=proof(4, 10).checkpoint), ENTRIES[4], LOG_KEY, 1),
        (good, ENTRIES[4], foreign, 1),
        (good, ENTRIES[4], LOG_KEY, 2),
    ]
    good.verify(ENTRIES[4], LOG_KEY, witnesses=POLICY, required=1)
    for case, entry, key, required in cases:
        with pytest.raises(VerificationError):
            case.verify(entry, key, witnesses=POLICY, required=required)


@pytest.mark.parametrize(
    "change",
    [
        lambda b: b.replace(b"@v1", b"@v2"),
        lambda b: b.replace(b"index 4", b"index 04"),
        lambda b: b.replace(b"index 4", b"index  4"),
        lambda b: b.replace(b"index 4\n", b""),
        lambda b: b.replace(b"extra eA==", b"extra eA="),
        lambda b: b.replace(b"extra eA==", b"extra eB=="),
        lambda b: b.replace(b"index 4", b"index 4\nindex 4"),
        lambda b: b.replace(b"extra eA==\nindex 4", b"index 4\nextra eA=="),
        lambda b: b.replace(b"\n\n", b"\n" + b"A" * 43 + b"=\n" * 2, 1)[:-1],
        lambda b: b.replace(b"\n\n", b"\n", 1),
        lambda b: b.replace(b"\n\n", b"\n\n\n", 1),
        lambda b: b.replace(b"\n", b"\r\n"),
        lambda b: b" " + b,
        lambda b: b + b"\n",
        lambda b: b[:-1],
        lambda b: b"",
        lambda b: b.split(b"\n\n")[0],
        lambda b: "é".encode() + b,
    ],
)
def test_a_text_that_is_no_proof_is_refused(change: Callable[[bytes], bytes]) -> None:
    with pytest.raises(EncodingError):
        LogProof.parse(change(proof(4, 11, b"x").encode()))
