"""Sealed secrets and the boxes between trustees."""

from __future__ import annotations

import pickle

import pytest

from crypto import byte_tree
from crypto.errors import EncodingError
from crypto.sealed import BoxKey, WrongPassphraseError, WrongPurposeError, open_, seal

SECRET = b"a share of the election key....."
SEALED = seal(SECRET, "七転び八起き", "share", strength="test")


def fields() -> list[bytes]:
    tree = byte_tree.decode(SEALED)
    assert not isinstance(tree, bytes)
    return [child for child in tree if isinstance(child, bytes)]


def test_a_secret_opens_with_its_passphrase_and_purpose() -> None:
    assert open_(SEALED, "七転び八起き", "share") == SECRET
    assert SECRET not in SEALED


def test_the_same_word_typed_on_another_keyboard_opens() -> None:
    sealed = seal(SECRET, "caf\u00e9 \u304c", "share", strength="test")
    assert open_(sealed, "cafe\u0301 \u304b\u3099", "share") == SECRET


def test_a_wrong_passphrase_is_told_apart_from_a_wrong_purpose() -> None:
    with pytest.raises(WrongPassphraseError):
        open_(SEALED, "七転び八倒れ", "share")
    with pytest.raises(WrongPurposeError, match="share"):
        open_(SEALED, "七転び八起き", "key")


def test_every_changed_field_is_refused() -> None:
    for number, field in enumerate(fields()):
        changed = fields()
        changed[number] = field[:-1] + bytes([field[-1] ^ 1])
        purpose = changed[2].decode()
        with pytest.raises((EncodingError, WrongPassphraseError)):
            open_(byte_tree.encode(tuple(changed)), "七転び八起き", purpose)


@pytest.mark.parametrize("strength", [b"weak", b"", b"standard "])
def test_parameters_outside_the_known_sets_are_refused(strength: bytes) -> None:
    changed = fields()
    changed[1] = strength
    with pytest.raises(EncodingError, match="Argon2id"):
        open_(byte_tree.encode(tuple(changed)), "七転び八起き", "share")


def test_what_is_not_sealed_is_refused() -> None:
    for data in (b"", SEALED[:-1], SEALED + b"\0", byte_tree.encode(b"x"), byte_tree.encode(())):
        with pytest.raises(EncodingError):
            open_(data, "七転び八起き", "share")
    cut = fields()
    cut[4] = b"short"
    with pytest.raises(WrongPassphraseError):
        open_(byte_tree.encode(tuple(cut)), "七転び八起き", "share")


def test_an_empty_passphrase_seals_nothing() -> None:
    with pytest.raises(EncodingError):
        seal(SECRET, "", "share", strength="test")


def test_a_box_opens_for_its_receiver_from_its_sender() -> None:
    sender, receiver, other = (BoxKey.generate() for _ in range(3))
    box = sender.encrypt(SECRET, receiver.public_key)
    assert len(box) == 24 + 16 + len(SECRET)
    assert receiver.decrypt(box, sender.public_key) == SECRET
    assert BoxKey(receiver.secret_bytes()).decrypt(box, sender.public_key) == SECRET
    for key, by, data in (
        (receiver, other.public_key, box),
        (other, sender.public_key, box),
        (receiver, sender.public_key, box[:-1] + bytes([box[-1] ^ 1])),
        (receiver, sender.public_key, box[:20]),
        (receiver, sender.public_key, b""),
    ):
        with pytest.raises(EncodingError):
            key.decrypt(data, by)


def test_bad_encryption_keys_are_refused_and_secrets_hidden() -> None:
    key = BoxKey.generate()
    for public in ("00" * 32, "01" + "00" * 31, "AA" * 32, "", "zz" * 32):
        with pytest.raises(EncodingError):
            key.encrypt(SECRET, public)
    with pytest.raises(EncodingError):
        BoxKey(bytes(31))
    assert key.secret_bytes().hex() not in repr(key)
    with pytest.raises(TypeError):
        pickle.dumps(key)
