"""The public key of an election: SubjectPublicKeyInfo in PEM or DER.

SEQUENCE { SEQUENCE { OID, parameters }, BIT STRING of SEQUENCE { element } }
parameters modulo p: SEQUENCE { INTEGER p, INTEGER g, GeneralString election }
parameters of P-384: SEQUENCE { GeneralString "P-384", GeneralString election }
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

from crypto.errors import EncodingError
from crypto.groups import Element
from verifier_app.ivxv.der import BOOLEAN, OID, Reader, dotted
from verifier_app.ivxv.wire import Curve, Modulus, Wire

MAX_FILE = 1 << 14
GENERATOR = 2  # of the group modulo p
_LINE = 76  # characters, at most; 64 also occurs
_PEM = re.compile(  # published files end some lines with CR LF and some with LF
    rb"-----BEGIN PUBLIC KEY-----\r?\n((?:[A-Za-z0-9+/=]+\r?\n)+)-----END PUBLIC KEY-----(?:\r?\n)?"
)


@dataclass(frozen=True)
class Key:
    """y in its group, and the bytes of the key, which every challenge contains."""

    wire: Wire
    y: Element
    election: str
    lifted: bool | None
    """The third parameter that newer keys on the curve can have."""
    der: bytes

    @classmethod
    def read(cls, data: bytes) -> Key:
        """A file. Raises EncodingError."""
        return cls.read_der(_from_pem(data) if data[:1] == b"-" else data)

    @classmethod
    def read_der(cls, der: bytes) -> Key:
        """Exactly one SubjectPublicKeyInfo with this group's identifier. Raises EncodingError."""
        outer = Reader(der, "public key")
        info = outer.sequence("public key")
        outer.end()
        algorithm = info.sequence("the key's algorithm")
        oid = algorithm.content(OID)
        kind = next((kind for kind in (Curve, Modulus) if kind.oid == oid.hex()), None)
        if kind is None:
            raise EncodingError(
                f"public key: no key of these elections, its algorithm is {dotted(oid)}"
            )
        wire = kind()
        parameters = algorithm.sequence("the key's parameters")
        algorithm.end()
        election, lifted = _parameters(wire, parameters)
        bits = Reader(info.whole_bytes(), "the key's element")
        info.end()
        value = bits.sequence("the key's element")
        bits.end()
        y = wire.element(value)
        value.end()
        return cls(wire, y, election, lifted, der)


def _parameters(wire: Wire, parameters: Reader) -> tuple[str, bool | None]:
    """The election, and `lifted` if it is there; the group must be the one expected."""
    if isinstance(wire, Modulus):
        if (parameters.natural(), parameters.natural()) != (wire.p, GENERATOR):
            raise EncodingError("the key's parameters: not group 15 of RFC 3526 with g = 2")
    elif (curve := parameters.text()) != wire.name:
        raise EncodingError(f"the key's parameters: the curve is {curve!r}, not {wire.name}")
    election = parameters.text()
    lifted = None
    if isinstance(wire, Curve) and parameters.next_tag() == BOOLEAN:
        lifted = parameters.boolean()
    parameters.end()
    return election, lifted


def _from_pem(data: bytes) -> bytes:
    """The bytes of one PUBLIC KEY block (RFC 7468, strict), which is the whole file."""
    if len(data) > MAX_FILE:
        raise EncodingError("public key: the file is far too large")
    match = _PEM.fullmatch(data)
    if match is None:
        raise EncodingError("public key: not exactly one PEM block of a PUBLIC KEY")
    *full, last = match[1].split()
    width = len(full[0]) if full else _LINE
    if width > _LINE or any(len(line) != width for line in full) or len(last) > width:
        raise EncodingError("public key: lines of PEM that are not of one length")
    return from_base64(b"".join([*full, last]).decode("ascii"), "public key")


def from_base64(text: str, what: str) -> bytes:
    """The bytes of canonical base64 (RFC 4648 section 3.5). Raises EncodingError."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:  # among them binascii.Error
        raise EncodingError(f"{what}: no base64") from None
    if base64.b64encode(data).decode("ascii") != text:
        raise EncodingError(f"{what}: not canonical base64")
    return data
