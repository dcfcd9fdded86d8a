"""Signing keys of the parties."""

from __future__ import annotations

import hashlib
import pickle

import pytest

from crypto import byte_tree
from crypto.errors import EncodingError, VerificationError
from crypto.signing import PublicKey, SigningKey, statement

KEY = SigningKey(bytes(range(32)))
E = hashlib.sha256(b"an election").digest()
DOCUMENT = b'{"schema":"sukashi/audit/1"}'


def test_the_statement_is_the_byte_tree_of_the_specification() -> None:
    digest = hashlib.sha256(DOCUMENT).digest()
    tree = (b"sukashi-signature-1", b"sukashi/audit/1", E, digest)
    assert statement("sukashi/audit/1", E, DOCUMENT) == byte_tree.encode(tree)


def test_a_signature_verifies_for_its_purpose_context_and_document_only() -> None:
    signature = KEY.sign("sukashi/audit/1", E, DOCUMENT)
    assert len(signature) == 64
    KEY.public_key.verify(signature, "sukashi/audit/1", E, DOCUMENT, check_id="audit")
    cases = [
        (signature, "sukashi/audit/2", E, DOCUMENT),
        (signature, "sukashi/audit/1", b"", DOCUMENT),
        (signature, "sukashi/audit/1", bytes(32), DOCUMENT),
        (signature, "sukashi/audit/1", E, DOCUMENT + b" "),
        (bytes([signature[0] ^ 1]) + signature[1:], "sukashi/audit/1", E, DOCUMENT),
        (signature[:-1], "sukashi/audit/1", E, DOCUMENT),
        (signature + b"\0", "sukashi/audit/1", E, DOCUMENT),
    ]
    for case in cases:
        with pytest.raises(VerificationError) as failure:
            KEY.public_key.verify(*case, check_id="audit", where="audits/a.json")
        assert (failure.value.check_id, failure.value.where) == ("audit", "audits/a.json")
    with pytest.raises(VerificationError):
        other = SigningKey.generate().public_key
        other.verify(signature, "sukashi/audit/1", E, DOCUMENT, check_id="audit")


def test_a_small_order_key_signs_nothing() -> None:
    for point in ("01" + "00" * 31, "00" * 32, "ff" * 32):
        with pytest.raises(VerificationError):
            PublicKey(point).verify(bytes.fromhex(point) + bytes(32), "p", E, b"", check_id="x")


def test_ed25519_is_that_of_rfc_8032() -> None:
    secret = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
    key = SigningKey(bytes.fromhex(secret))
    assert key.public_key.hex == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert key.sign_text(b"").hex().startswith("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974")


def test_the_secret_is_hidden() -> None:
    secret = KEY.secret_seed().hex()
    assert secret not in repr(KEY)
    assert secret not in str(KEY)
    with pytest.raises(TypeError):
        pickle.dumps(KEY)
    assert SigningKey(KEY.secret_seed()) == KEY != SigningKey.generate()


def test_a_note_can_never_be_a_statement() -> None:
    with pytest.raises(EncodingError):
        KEY.sign_text(statement("p", E, b""))


@pytest.mark.parametrize("text", ["", "00", "AA" * 32, "0x" + "00" * 31, " " + "0" * 63, "g" * 64])
def test_what_is_not_64_lower_case_digits_is_no_public_key(text: str) -> None:
    with pytest.raises(EncodingError):
        PublicKey(text)


def test_wrong_lengths_are_refused() -> None:
    with pytest.raises(EncodingError):
        SigningKey(bytes(31))
    with pytest.raises(EncodingError):
        KEY.sign("p", bytes(16), b"")
