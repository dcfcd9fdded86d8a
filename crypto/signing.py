"""Ed25519 signing keys of the parties: trustees, mixers, collector, auditors, witnesses.

Here: keys, and the statement every signed message signs (specification, section 1). Not here:
officials' and voters' eID signatures (voting/eid), and the text of log notes (crypto/tlog), which
are signed by the same keys through `sign_text`.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey as _Ed25519SigningKey
from nacl.signing import VerifyKey as _Ed25519VerifyKey

from crypto import byte_tree
from crypto.errors import EncodingError, VerificationError

SIGNATURE_BYTES: Final = 64
KEY_BYTES: Final = 32
_DOMAIN: Final = b"sukashi-signature-1"


def statement(purpose: str, context: bytes, document: bytes) -> bytes:
    """The bytes a party signs: node(leaf("sukashi-signature-1"), leaf(purpose), leaf(context),
    leaf(H(document))).

    `purpose` is the schema of the message; `context` is the 32-byte election digest E, or empty
    where E does not exist yet. Raises EncodingError for a context of any other length.
    """
    if len(context) not in (0, 32):
        raise EncodingError("the context of a signature is the election digest or empty")
    digest = hashlib.sha256(document).digest()
    return byte_tree.encode((_DOMAIN, purpose.encode(), context, digest))


class PublicKey:
    """An Ed25519 public key. Equal by value."""

    __slots__ = ("_raw",)

    def __init__(self, public_key: str) -> None:
        """`public_key`: 64 lower-case hexadecimal digits. Raises EncodingError for anything else.

        Small-order and non-canonical points are refused by libsodium when a signature is checked.
        """
        if len(public_key) != 2 * KEY_BYTES or set(public_key) - set("0123456789abcdef"):
            raise EncodingError("a public key is 64 lower-case hexadecimal digits")
        self._raw = bytes.fromhex(public_key)

    @classmethod
    def from_bytes(cls, raw: bytes) -> PublicKey:
        """The key with these 32 bytes (RFC 8032 §5.1.2)."""
        return cls(raw.hex())

    @property
    def hex(self) -> str:
        return self._raw.hex()

    def __bytes__(self) -> bytes:
        return self._raw

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PublicKey) and self._raw == other._raw

    def __hash__(self) -> int:
        return hash(self._raw)

    def __repr__(self) -> str:
        return f"PublicKey({self.hex!r})"

    def verify(
        self,
        signature: bytes,
        purpose: str,
        context: bytes,
        document: bytes,
        *,
        check_id: str,
        where: str = "",
    ) -> None:
        """Check a signature of `statement(purpose, context, document)`.

        Raises VerificationError(check_id, where, …) if it is not this key's.
        """
        self.verify_text(signature, statement(purpose, context, document), check_id, where)

    def verify_text(self, signature: bytes, text: bytes, check_id: str, where: str = "") -> None:
        """Check a signature over exactly these bytes; only the note formats of the log use this."""
        if len(signature) != SIGNATURE_BYTES:
            raise VerificationError(check_id, where, "an Ed25519 signature has 64 bytes")
        try:
            _Ed25519VerifyKey(self._raw).verify(text, signature)
        except BadSignatureError:
            why = f"the signature is not by the key {self.hex}, or the text was changed"
            raise VerificationError(check_id, where, why) from None


class SigningKey:
    """An Ed25519 secret key. The secret shows neither in repr nor in str; comparison is by it, in
    constant time; it cannot be pickled."""

    __slots__ = ("_key", "public_key")

    public_key: PublicKey

    def __init__(self, secret_seed: bytes) -> None:
        """`secret_seed`: the 32 bytes of RFC 8032 §5.1.5. Raises EncodingError otherwise."""
        if len(secret_seed) != KEY_BYTES:
            raise EncodingError("a signing key is 32 bytes")
        self._key = _Ed25519SigningKey(secret_seed)
        self.public_key = PublicKey.from_bytes(bytes(self._key.verify_key))

    @classmethod
    def generate(cls) -> SigningKey:
        """A new key from the operating system's generator."""
        return cls(bytes(_Ed25519SigningKey.generate()))

    def sign(self, purpose: str, context: bytes, document: bytes) -> bytes:
        """64 bytes: the signature of `statement(purpose, context, document)`."""
        return self._key.sign(statement(purpose, context, document)).signature

    def sign_text(self, text: bytes) -> bytes:
        """64 bytes: the signature of a log note's text.

        A statement starts with a zero byte, a note never does (signed-note forbids control
        characters), so that one key may sign both. Raises EncodingError for control characters
        other than newline.
        """
        if any(byte < 0x20 and byte != 0x0A for byte in text):
            raise EncodingError("a signed text has no control characters but newline")
        return self._key.sign(text).signature

    def secret_seed(self) -> bytes:
        """The 32 secret bytes, to be sealed (crypto/sealed.py) and nothing else."""
        return bytes(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SigningKey) and hmac.compare_digest(
            self.secret_seed(), other.secret_seed()
        )

    def __hash__(self) -> int:
        return hash(self.public_key)

    def __reduce__(self) -> str:
        raise TypeError("a signing key is sealed, never pickled")

    def __repr__(self) -> str:
        return f"SigningKey(public_key={self.public_key.hex!r})"
