"""What a log sends to a witness: the format, and what is refused."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from crypto.errors import EncodingError
from crypto.signing import SigningKey
from crypto.tlog import Checkpoint, Submission, Tree, leaf_hash, sign_checkpoint
from crypto.tlog.cosignature import cosign
from crypto.tlog.submission import encode_lines, parse_lines, parse_size

ORIGIN = "log.example/1"
KEY = SigningKey(bytes([1]) * 32)


def submission(old: int = 3, new: int = 10) -> Submission:
    tree = Tree(leaf_hash(bytes([n])) for n in range(new))
    note = sign_checkpoint(Checkpoint(ORIGIN, new, tree.root()), KEY)
    return Submission(old, tuple(tree.consistency_proof(old)), note)


@pytest.mark.parametrize("old", [0, 1, 3, 8, 10])
def test_submission_survives_its_encoding(old: int) -> None:
    sent = submission(old)
    assert Submission.parse(sent.encode()) == sent


def test_submission_is_written_as_the_specification_says() -> None:
    sent = submission(8)
    head, _, note = sent.encode().partition(b"\n\n")
    hashes = [base64.b64encode(h).decode() for h in sent.hashes]
    assert head.decode().split("\n") == ["old 8", *hashes]
    assert note == sent.note.encode()


BAD: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "without_checkpoint": lambda data: data.partition(b"\n\n")[0] + b"\n\n",
    "size_with_a_zero_before_it": lambda data: data.replace(b"old 3", b"old 03", 1),
    "negative_size": lambda data: data.replace(b"old 3", b"old -3", 1),
    "no_size": lambda data: data.replace(b"old 3\n", b"", 1),
    "size_beyond_63_bits": lambda data: data.replace(b"old 3", b"old 9223372036854775808", 1),
    "another_word": lambda data: data.replace(b"old ", b"size ", 1),
    "hash_that_is_no_base64": lambda data: data.replace(b"=\n", b"!\n", 1),
    "hash_of_31_bytes": lambda data: data.replace(
        b"old 3\n", b"old 3\n" + base64.b64encode(bytes(31)) + b"\n", 1
    ),
    "64_hashes": lambda data: data.replace(
        b"old 3\n", b"old 3\n" + 64 * (base64.b64encode(bytes(32)) + b"\n"), 1
    ),
    "carriage_returns": lambda data: data.replace(b"\n", b"\r\n"),
    "checkpoint_with_an_extension": lambda data: data.replace(b"=\n\n\xe2", b"=\nmore\n\n\xe2", 1),
    "more_behind_it": lambda data: data + b"\n",
}


@pytest.mark.parametrize("change", BAD.values(), ids=BAD)
def test_what_is_no_submission_is_refused(change: Callable[[bytes], bytes]) -> None:
    data = submission().encode()
    assert change(data) != data
    with pytest.raises(EncodingError):
        Submission.parse(change(data))


def test_answer_of_a_witness_survives_its_encoding() -> None:
    lines = [cosign(submission().checkpoint, KEY, f"witness{n}.example", 7) for n in (1, 2)]
    assert list(parse_lines(encode_lines(*lines))) == lines


@pytest.mark.parametrize(
    "data", [b"", b"\n", b"x\n", b"\xff\n", "— a b".encode(), "— a b\n".encode()]
)
def test_what_is_no_answer_of_a_witness_is_refused(data: bytes) -> None:
    with pytest.raises(EncodingError):
        parse_lines(data)


def test_size_that_a_witness_has_seen_is_read() -> None:
    assert parse_size(b"20852163\n") == 20852163


@pytest.mark.parametrize("data", [b"", b"\n", b"7", b"07\n", b"-1\n", b"7\n\n", b"\xff\n"])
def test_what_is_no_size_is_refused(data: bytes) -> None:
    with pytest.raises(EncodingError):
        parse_size(data)
