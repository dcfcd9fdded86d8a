"""Secrets sealed: under a passphrase (keys and shares at rest) and to a receiver's key (shares on
their way between trustees).

Here: Argon2id with XSalsa20-Poly1305, and X25519 boxes; both are libsodium's. Not here: files,
prompts, and what the secrets mean.

A sealed secret is the byte tree node(leaf("sukashi-sealed-1"), leaf(strength), leaf(purpose),
leaf(salt), leaf(nonce ‖ box)). The box holds node(header, leaf(secret)), where header is
node(leaf("sukashi-sealed-1"), leaf(strength), leaf(purpose), leaf(salt)), so that nothing outside
the box can be changed unseen.
"""

from __future__ import annotations

import unicodedata
from typing import Final, Literal

import nacl.exceptions
from nacl.public import Box, PrivateKey
from nacl.public import PublicKey as _X25519PublicKey
from nacl.pwhash import argon2id
from nacl.secret import SecretBox
from nacl.utils import random as system_random

from crypto import byte_tree
from crypto.errors import EncodingError, SukashiError

Strength = Literal["standard", "test"]

_DOMAIN: Final = b"sukashi-sealed-1"
_KEY_BYTES: Final = 32
_LIMITS: Final[dict[bytes, tuple[int, int]]] = {
    # strength: (passes, bytes of memory); 256 MiB and about a second, 64 MiB and a tenth of one
    b"standard": (argon2id.OPSLIMIT_MODERATE, argon2id.MEMLIMIT_MODERATE),
    b"test": (argon2id.OPSLIMIT_INTERACTIVE, argon2id.MEMLIMIT_INTERACTIVE),
}


class WrongPassphraseError(SukashiError):
    """The passphrase does not open the secret, or the sealed bytes were damaged."""


class WrongPurposeError(SukashiError):
    """The sealed secret was made for something else than what the caller wants to open."""


def seal(secret: bytes, passphrase: str, purpose: str, *, strength: Strength = "standard") -> bytes:
    """Seal `secret` under a passphrase; `purpose` says what it is and is checked when opened.

    The passphrase is taken in Unicode normal form C. Raises EncodingError for an empty one.
    "standard" is Argon2id MODERATE, "test" INTERACTIVE (for elections marked as a test).
    """
    salt = system_random(argon2id.SALTBYTES)
    header: byte_tree.Tree = (_DOMAIN, strength.encode(), purpose.encode(), salt)
    box = SecretBox(_derive(passphrase, strength.encode(), salt))
    sealed = bytes(box.encrypt(byte_tree.encode((header, secret))))
    return byte_tree.encode((*header, sealed))


def strength_of(sealed: bytes) -> Strength:
    """Return the strength a secret was sealed with. Raises EncodingError if malformed."""
    tree = byte_tree.children(byte_tree.decode(sealed), 5, "sealed secret")
    return "test" if tree[1] == b"test" else "standard"


def open_(sealed: bytes, passphrase: str, purpose: str) -> bytes:
    """The secret that `seal` got.

    Raises EncodingError for bytes that are no sealed secret or whose Argon2id parameters are none
    of the two known sets (checked before any work is done), WrongPassphraseError, and
    WrongPurposeError.
    """
    tree = byte_tree.children(byte_tree.decode(sealed), 5, "sealed secret")
    domain, strength, sealed_purpose, salt, ciphertext = (_leaf(child) for child in tree)
    if domain != _DOMAIN or len(salt) != argon2id.SALTBYTES:
        raise EncodingError("not a sealed secret of this version")
    if strength not in _LIMITS:
        raise EncodingError("a sealed secret with unknown Argon2id parameters")
    box = SecretBox(_derive(passphrase, strength, salt))
    try:
        opened = bytes(box.decrypt(ciphertext))
    except (nacl.exceptions.CryptoError, ValueError):
        message = "The passphrase is wrong, or the file was damaged. Nothing was opened."
        raise WrongPassphraseError(message) from None
    content = byte_tree.decode(opened)
    header = (domain, strength, sealed_purpose, salt)
    if not isinstance(content, tuple) or len(content) != 2 or content[0] != header:
        raise WrongPassphraseError("The header of the sealed secret was changed.")
    if sealed_purpose != purpose.encode():
        held = sealed_purpose.decode(errors="replace")
        raise WrongPurposeError(f"This file holds the secret “{held}”, not “{purpose}”.")
    return _leaf(content[1])


class BoxKey:
    """An X25519 secret key, fresh for each run of the key ceremony. Hidden in repr and str."""

    __slots__ = ("_key", "public_key")

    public_key: str
    """64 lower-case hexadecimal digits."""

    def __init__(self, secret: bytes) -> None:
        """`secret`: 32 bytes. Raises EncodingError for any other length."""
        if len(secret) != _KEY_BYTES:
            raise EncodingError("an encryption key is 32 bytes")
        self._key = PrivateKey(secret)
        self.public_key = bytes(self._key.public_key).hex()

    @classmethod
    def generate(cls) -> BoxKey:
        """A new key from the operating system's generator."""
        return cls(bytes(PrivateKey.generate()))

    def secret_bytes(self) -> bytes:
        """The 32 secret bytes: to be sealed, or published with a complaint (section 3.1)."""
        return bytes(self._key)

    def encrypt(self, message: bytes, receiver: str) -> bytes:
        """24-byte nonce ‖ box for the receiver's public key (hexadecimal).

        Raises EncodingError for a key that is no X25519 key (all small-order points among them).
        """
        return bytes(self._box(receiver).encrypt(message))

    def decrypt(self, message: bytes, sender: str) -> bytes:
        """What the sender (public key, hexadecimal) encrypted for this key.

        Raises EncodingError if it did not, or if the bytes were changed.
        """
        box = self._box(sender)
        try:
            return bytes(box.decrypt(message))
        except (nacl.exceptions.CryptoError, ValueError):
            raise EncodingError("the box was not made by this sender for this receiver") from None

    def _box(self, other: str) -> Box:
        if len(other) != 2 * _KEY_BYTES or set(other) - set("0123456789abcdef"):
            raise EncodingError("an encryption key is 64 lower-case hexadecimal digits")
        try:
            return Box(self._key, _X25519PublicKey(bytes.fromhex(other)))
        except nacl.exceptions.CryptoError:
            raise EncodingError("a small-order point is no encryption key") from None

    def __reduce__(self) -> str:
        raise TypeError("an encryption key is sealed, never pickled")

    def __repr__(self) -> str:
        return f"BoxKey(public_key={self.public_key!r})"


def _derive(passphrase: str, strength: bytes, salt: bytes) -> bytes:
    if not passphrase:
        raise EncodingError("a passphrase is not empty")
    passes, memory = _LIMITS[strength]
    secret = unicodedata.normalize("NFC", passphrase).encode()
    return argon2id.kdf(SecretBox.KEY_SIZE, secret, salt, opslimit=passes, memlimit=memory)


def _leaf(tree: byte_tree.Tree) -> bytes:
    if not isinstance(tree, bytes):
        raise EncodingError("a leaf was expected")
    return tree
