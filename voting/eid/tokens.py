"""Cards behind PKCS#11: smart cards through their middleware, SoftHSM2 in tests. The key never
leaves the token. Needs the extra `card` (python-pkcs11).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from voting.console import Refused, UsageFault

if TYPE_CHECKING:
    import pkcs11

_WRONG = "the PIN is wrong, so nothing was signed; after a few wrong ones the card locks itself"
_LOCKED = (
    "the card's PIN is locked after too many wrong ones, so nothing was signed. Unlock it with the"
    " PUK, or ask the issuer of the card"
)


@dataclass(frozen=True, repr=False)
class TokenCard:
    """One key of a token and its certificate; the token is open until the program ends."""

    certificate: x509.Certificate
    _key: Any  # a PrivateKey whose mechanisms are known at run time

    @property
    def certificate_der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    def sign(self, data: bytes) -> bytes:
        """As `cards.Card.sign`. Raises Refused where the token will not."""
        from pkcs11 import Mechanism

        key = self.certificate.public_key()
        with _explained():
            if isinstance(key, ec.EllipticCurvePublicKey):
                digest = hashlib.sha384 if key.curve.key_size > 256 else hashlib.sha256
                return bytes(self._key.sign(digest(data).digest(), mechanism=Mechanism.ECDSA))
            return bytes(self._key.sign(data, mechanism=Mechanism.SHA256_RSA_PKCS))


def open_token(module: Path, label: str, pin: str, *, to_log_in: bool = False) -> TokenCard:
    """The key of a token that signs declarations, or the one that logs in.

    Raises:
        UsageFault: the module cannot be loaded.
        Refused: no such token, a wrong or locked PIN, or no such key on it.
    """
    try:
        import pkcs11
    except ImportError:
        raise UsageFault(
            "cards need the package python-pkcs11: pip install 'sukashi[card]'"
        ) from None
    try:
        library = pkcs11.lib(str(module))
    except (pkcs11.PKCS11Error, RuntimeError, OSError) as fault:
        raise UsageFault(f"{module} is no PKCS#11 module that can be loaded: {fault}") from None
    with _explained(label):
        session = library.get_token(token_label=label).open(user_pin=pin)
        found = list(_certificates(session))
        for identity, certificate in found:
            if _is_for(certificate, to_log_in=to_log_in):
                keys = {
                    pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY,
                    pkcs11.Attribute.ID: identity,
                }
                for key in session.get_objects(keys):
                    return TokenCard(certificate, key)
    what = "log in" if to_log_in else "sign declarations"
    raise Refused(f"the token {label!r} has no key with a certificate that may {what}")


def _certificates(session: pkcs11.Session) -> Iterator[tuple[bytes, x509.Certificate]]:
    """Every certificate that can be read, with the number that it shares with its key."""
    from pkcs11 import Attribute, ObjectClass

    for item in session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE}):
        try:
            yield item[Attribute.ID], x509.load_der_x509_certificate(item[Attribute.VALUE])
        except ValueError:
            continue


def _is_for(certificate: x509.Certificate, *, to_log_in: bool) -> bool:
    """By its key usage: declarations are signed with nonRepudiation, logging in is done without."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    if to_log_in:
        return usage.digital_signature and not usage.content_commitment
    return usage.content_commitment


@contextmanager
def _explained(label: str = "") -> Iterator[None]:
    """What a token says, in words."""
    from pkcs11 import exceptions

    try:
        yield
    except exceptions.NoSuchToken:
        raise Refused(
            f"there is no token {label!r}: put the card into the reader, or name another --token"
        ) from None
    except exceptions.MultipleTokensReturned:
        raise Refused(f"there are several tokens {label!r}; leave one in the reader") from None
    except (exceptions.PinLocked, exceptions.PinExpired):
        raise Refused(_LOCKED) from None
    except (exceptions.PinIncorrect, exceptions.PinInvalid, exceptions.PinLenRange):
        raise Refused(_WRONG) from None
    except exceptions.PKCS11Error as fault:
        raise Refused(
            f"the card did not do it ({type(fault).__name__}), so nothing was signed; take it out,"
            " put it in again and repeat the command"
        ) from None
