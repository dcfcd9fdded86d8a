"""Notes, checkpoints and cosignatures: the formats of C2SP, and what must not pass for them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crypto.errors import EncodingError, VerificationError
from crypto.signing import PublicKey, SigningKey
from crypto.tlog import (
    Checkpoint,
    Note,
    VerifierKey,
    cosign,
    open_checkpoint,
    sign_checkpoint,
    verify_cosignatures,
)
from crypto.tlog.cosignature import witness_key

# From the documentation and tests of golang.org/x/mod/sumdb/note.
NEUMANN = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
NEUMANN_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotp"
    "RZb6KE6RyyBwJnAM=\n"
).encode()

ORIGIN = "log.example/2026"
LOG = SigningKey(bytes(range(32)))
LOG_KEY = VerifierKey(ORIGIN, LOG.public_key)
CHECKPOINT = Checkpoint(ORIGIN, 5, bytes(32))
WITNESSES = [SigningKey(bytes([i]) * 32) for i in (1, 2, 3)]
NAMES = [f"witness{i}.example" for i in (1, 2, 3)]
POLICY = [witness_key(n, w.public_key) for n, w in zip(NAMES, WITNESSES, strict=True)]


def cosigned(*who: int, time: int = 1_800_000_000) -> Note:
    lines = [cosign(CHECKPOINT, WITNESSES[i], NAMES[i], time + i) for i in who]
    return sign_checkpoint(CHECKPOINT, LOG).with_signatures(*lines)


def test_a_note_signed_by_gos_library_verifies() -> None:
    key = VerifierKey.parse(NEUMANN)
    assert (key.name, key.vkey()) == ("PeterNeumann", NEUMANN)
    note = Note.parse(NEUMANN_NOTE)
    note.verify(key, check_id="log.checkpoint")
    assert note.encode() == NEUMANN_NOTE


def test_a_text_may_have_empty_lines_and_unknown_signatures_do_not_count() -> None:
    other = SigningKey.generate()
    note = Note("one\n\n\ntwo\n\n", ()).signed_by(other, "other").signed_by(LOG, ORIGIN)
    parsed = Note.parse(note.encode())
    assert parsed == note
    parsed.verify(LOG_KEY, check_id="log.checkpoint")
    with pytest.raises(VerificationError):
        Note("one\n", ()).signed_by(other, ORIGIN).verify(LOG_KEY, check_id="log.checkpoint")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text\n",
        b"text\n\n",
        NEUMANN_NOTE[:-1],
        NEUMANN_NOTE + b"\n",
        NEUMANN_NOTE.replace(b"\n\n", b"\n"),
        NEUMANN_NOTE.replace(b"\n", b"\r\n"),
        NEUMANN_NOTE.replace("—".encode(), b"-"),
        NEUMANN_NOTE.replace(b" x08go", b"  x08go"),
        NEUMANN_NOTE.replace(b"PeterNeumann", b"Peter+Neumann"),
        NEUMANN_NOTE.replace(b"PeterNeumann", b""),
        NEUMANN_NOTE.replace(b"PeterNeumann", "Peter\u2003Neumann".encode()),
        NEUMANN_NOTE.replace(b"AM=\n", b"AN=\n"),
        NEUMANN_NOTE.replace(b"AM=\n", b"AM\n"),
        NEUMANN_NOTE.replace(b"If", b"\x00If"),
        NEUMANN_NOTE.replace(b"If", b"\xff"),
        "text\n\n— name AAAAAA==\n".encode(),
        "\n— name AAAAAAA=\n".encode(),
        b"x\n\n" + b"".join("— name AAAAAAA=\n".encode() for _ in range(101)),
        b"x" * 1_000_001 + NEUMANN_NOTE,
    ],
)
def test_what_is_not_a_note_is_refused(data: bytes) -> None:
    with pytest.raises(EncodingError):
        Note.parse(data)


@pytest.mark.parametrize(
    "vkey",
    [
        NEUMANN.replace("c74f20a3", "c74f20a4"),
        NEUMANN.replace("c74f20a3", "C74F20A3"),
        NEUMANN.replace("Peter", "Pete"),
        NEUMANN[:-4],
        NEUMANN.replace("+ARpc", "+AhpC"),
        "PeterNeumann+c74f20a3",
        "",
    ],
)
def test_a_changed_verifier_key_is_refused(vkey: str) -> None:
    with pytest.raises(EncodingError):
        VerifierKey.parse(vkey)


def test_a_checkpoint_opens_as_it_was_signed() -> None:
    note = sign_checkpoint(CHECKPOINT, LOG).encode()
    assert open_checkpoint(note, LOG_KEY) == CHECKPOINT
    assert note.startswith(f"{ORIGIN}\n5\n{'A' * 43}=\n\n— {ORIGIN} ".encode())


@pytest.mark.parametrize(
    "text",
    [
        "o\n5\n",
        f"o\n05\n{'A' * 43}=\n",
        f"o\n-5\n{'A' * 43}=\n",
        f"o\n٥\n{'A' * 43}=\n",
        f"o\n9223372036854775808\n{'A' * 43}=\n",
        f"\n5\n{'A' * 43}=\n",
        f"o\n5\n{'A' * 42}\n",
        f"o\n5\n{'A' * 43}=\nextension\n",
        f"o\n5\n{'A' * 43}=",
    ],
)
def test_what_is_not_a_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(EncodingError):
        Checkpoint.parse_text(text)


@pytest.mark.parametrize(
    "change",
    [
        lambda note: note.replace(b"\n5\n", b"\n6\n"),
        lambda note: note.replace(b"A=\n\n", b"E=\n\n"),
        lambda note: note.replace(b"log.example", b"fog.example"),
    ],
)
def test_a_changed_checkpoint_is_refused(change: Callable[[bytes], bytes]) -> None:
    with pytest.raises(VerificationError) as failure:
        open_checkpoint(change(sign_checkpoint(CHECKPOINT, LOG).encode()), LOG_KEY)
    assert failure.value.check_id == "log.checkpoint"


def test_a_checkpoint_of_another_log_by_the_same_key_is_refused() -> None:
    note = Note(Checkpoint("other", 5, bytes(32)).text(), ()).signed_by(LOG, ORIGIN)
    with pytest.raises(VerificationError, match="other"):
        open_checkpoint(note, LOG_KEY)


def test_a_quorum_of_witnesses_is_counted_once_each() -> None:
    assert [c.witness for c in verify_cosignatures(cosigned(0, 2).encode(), POLICY, 2)] == [
        NAMES[0],
        NAMES[2],
    ]
    note = cosigned(0).with_signatures(*cosigned(0, time=1_800_000_060).signatures[1:])
    assert verify_cosignatures(note, POLICY, 1)[0].timestamp == 1_800_000_060
    with pytest.raises(VerificationError, match="1 of 3"):
        verify_cosignatures(note, POLICY, 2)


def test_a_witness_named_twice_in_the_policy_is_refused() -> None:
    again = witness_key("other.example", WITNESSES[0].public_key)
    for policy in ([POLICY[0], again], [POLICY[0], POLICY[0]]):
        with pytest.raises(VerificationError, match="twice"):
            verify_cosignatures(cosigned(0), policy, 1)


def test_false_cosignatures_are_refused() -> None:
    good = cosigned(0, 1)
    for line in good.signatures[1:]:
        for position in (0, 7, 8, 71):
            changed = bytearray(line.signature)
            changed[position] ^= 0x80 if position == 0 else 1
            bad = type(line)(line.name, line.key_id, bytes(changed))
            with pytest.raises(VerificationError):
                verify_cosignatures(good.with_signatures(bad), POLICY, 2)
        short = type(line)(line.name, line.key_id, line.signature[:-1])
        with pytest.raises(VerificationError):
            verify_cosignatures(good.with_signatures(short), POLICY, 2)


def test_a_cosignature_from_before_the_log_existed_counts_for_nothing() -> None:
    times = (1_000, 999, 2_000)
    note = sign_checkpoint(CHECKPOINT, LOG).with_signatures(
        *(cosign(CHECKPOINT, *of) for of in zip(WITNESSES, NAMES, times, strict=True))
    )
    found = verify_cosignatures(note, POLICY, 2, not_before=1_000)
    assert [(one.witness, one.timestamp) for one in found] == [(NAMES[0], 1_000), (NAMES[2], 2_000)]
    with pytest.raises(VerificationError, match=f"{NAMES[1]} did so at a time"):
        verify_cosignatures(note, POLICY, 3, not_before=1_000)
    again = note.with_signatures(cosign(CHECKPOINT, WITNESSES[1], NAMES[1], 1_000))
    assert len(verify_cosignatures(again, POLICY, 3, not_before=1_000)) == 3


def test_an_ordinary_signature_is_no_cosignature() -> None:
    note = sign_checkpoint(CHECKPOINT, LOG).signed_by(WITNESSES[0], NAMES[0])
    with pytest.raises(VerificationError):
        verify_cosignatures(note, POLICY, 1)
    with pytest.raises(VerificationError, match="no key of a witness"):
        verify_cosignatures(note, [VerifierKey(NAMES[0], WITNESSES[0].public_key)], 1)
    with pytest.raises(VerificationError, match="does not sign notes"):
        note.verify(POLICY[0], check_id="log.checkpoint")


def test_a_cosignature_needs_a_time_of_the_format() -> None:
    for time in (-1, 1 << 63):
        with pytest.raises(EncodingError):
            cosign(CHECKPOINT, WITNESSES[0], NAMES[0], time)


def test_unknown_signature_types_are_no_keys() -> None:
    with pytest.raises(EncodingError):
        VerifierKey("name", PublicKey("00" * 32), 0x02)
