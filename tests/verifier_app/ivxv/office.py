"""An election office that writes files as the published profiles do: keys, ballots, proofs, box and
tally. By its own code from the facts of docs/ivxv.md: nothing here is the verifier's.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import gmpy2

from crypto.groups import Element, group_by_name

OIDS = {"P-384": "2b06010401868d1f01", "modp-3072": "2b0601040197550201"}
SEPARATOR = "\x1f"


def der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    n = len(content)
    size = [n] if n < 128 else [0x81, n] if n < 256 else [0x82, n >> 8, n & 255]
    return bytes([tag, *size]) + content


def integer(n: int) -> bytes:
    return der(2, n.to_bytes(n.bit_length() // 8 + 1, "big"))


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


class CurveArithmetic:
    """Points of P-384 as 04 ‖ X ‖ Y."""

    name = "P-384"

    def __init__(self) -> None:
        self.group = group_by_name(self.name)
        self.q, self.g = self.group.order, self.group.g
        self.p = 2**384 - 2**128 - 2**96 + 2**32 - 1
        x, y = self.coordinates(self.g)
        self.b = (y * y - x**3 + 3 * x) % self.p

    def coordinates(self, point: Element) -> tuple[int, int]:
        x, y = point.tree()
        assert isinstance(x, bytes)
        assert isinstance(y, bytes)
        return int.from_bytes(x, "big"), int.from_bytes(y, "big")

    def raw(self, point: Element) -> bytes:
        return b"\x04" + b"".join(n.to_bytes(48, "big") for n in self.coordinates(point))

    def element(self, point: Element) -> bytes:
        return der(4, self.raw(point))

    def point(self, x: int, y: int) -> Element:
        leaves = (x.to_bytes(49, "big"), y.to_bytes(49, "big"))
        return self.group.decode_element(leaves, allow_identity=False)

    def roots(self, x: int) -> tuple[int, int] | None:
        """The smaller and the larger y."""
        square = (pow(x, 3, self.p) - 3 * x + self.b) % self.p
        y = pow(square, (self.p + 1) // 4, self.p)
        return (min(y, self.p - y), max(y, self.p - y)) if y * y % self.p == square else None

    def random(self) -> int:
        return int(self.group.random_scalar())

    def member(self, content: bytes) -> bool:
        x, y = int.from_bytes(content[1:49], "big"), int.from_bytes(content[49:], "big")
        on = (y * y - x**3 + 3 * x - self.b) % self.p == 0
        return content[0] == 4 and len(content) == 97 and x < self.p and y < self.p and on

    def embed(self, padded: bytes, *, larger: bool = False, skip: int = 0) -> Element:
        """The point of 48 bytes of which the first ten bits are zero."""
        x = int.from_bytes(padded, "big") << 10
        while True:
            if roots := self.roots(x):
                if not skip:
                    return self.point(x, roots[larger])
                skip -= 1
            x += 1

    def pad(self, text: bytes) -> bytes:
        return b"\x00\x1f" + b"\xff" * (45 - len(text)) + b"\xfe" + text


class Residue:
    """A square modulo p with the operators of a group's element."""

    def __init__(self, n: int, p: int) -> None:
        self.n, self.p = n, p

    def __mul__(self, other: Residue) -> Residue:
        return Residue(self.n * other.n % self.p, self.p)

    def __truediv__(self, other: Residue) -> Residue:
        return self * other**-1

    def __pow__(self, x: int) -> Residue:
        return Residue(int(gmpy2.powmod(self.n, x, self.p)), self.p)


class ModulusArithmetic:
    """Squares modulo the prime of RFC 3526 group 15."""

    name = "modp-3072"

    def __init__(self) -> None:
        self.q = group_by_name(self.name).order
        self.p = 2 * self.q + 1
        self.g = Residue(2, self.p)

    def element(self, residue: Residue) -> bytes:
        return integer(residue.n)

    def random(self) -> int:
        return int(group_by_name(self.name).random_scalar())

    def member(self, content: bytes) -> bool:
        n = int.from_bytes(content, "big", signed=True)
        shortest = content == n.to_bytes(n.bit_length() // 8 + 1, "big") if n > 0 else False
        return shortest and 1 < n < self.p and gmpy2.legendre(n, self.p) == 1

    def embed(self, block: bytes) -> Residue:
        m = int.from_bytes(block, "big")
        return Residue(m if gmpy2.legendre(m, self.p) == 1 else self.p - m, self.p)

    def pad(self, text: bytes) -> bytes:
        return b"\x00\x01" + b"\xff" * (381 - len(text)) + b"\x00" + text


def challenge(q: int, seed: bytes) -> int:
    stream = b"".join(hashlib.sha256(i.to_bytes(8, "big") + seed).digest() for i in range(1, 200))
    size, spare = (q.bit_length() + 7) // 8, -q.bit_length() % 8
    for start in range(0, len(stream) - size, size):
        block = stream[start : start + size]
        k = int.from_bytes(bytes([block[0] & (0xFF >> spare)]) + block[1:], "big")
        if k < q:
            return k
    raise AssertionError("not within this much of the stream")


@dataclass
class Office:
    """One election under one profile."""

    profile: str
    election: str = "TEST_2027"
    lifted: bool | None = None
    math: Any = field(init=False)
    x: int = field(init=False)
    y: Any = field(init=False)

    def __post_init__(self) -> None:
        self.math = CurveArithmetic() if self.profile == "KOV2025" else ModulusArithmetic()
        self.x = self.math.random()
        self.y = self.math.g**self.x

    @property
    def key(self) -> bytes:
        """SubjectPublicKeyInfo."""
        name = der(0x1B, self.election.encode())
        if self.math.name == "P-384":
            lifted = b"" if self.lifted is None else der(1, b"\xff" if self.lifted else b"\0")
            parameters = der(0x30, der(0x1B, b"P-384"), name, lifted)
        else:
            parameters = der(0x30, integer(self.math.p), integer(2), name)
        algorithm = der(0x30, der(6, bytes.fromhex(OIDS[self.math.name])), parameters)
        return der(0x30, algorithm, der(3, b"\0", der(0x30, self.math.element(self.y))))

    @property
    def pem(self) -> bytes:
        text = b64(self.key)
        lines = [text[i : i + 76] for i in range(0, len(text), 76)]
        begin, end = ("-----" + word + " PUBLIC KEY-----" for word in ("BEGIN", "END"))
        return "\n".join([begin, "\r\n".join(lines), end]).encode()

    def text(self, code: str) -> str:
        """The plaintext of a vote."""
        return (
            code
            if self.math.name == "P-384"
            else SEPARATOR.join((code, "Erakond Ü", f"Nimi {code}"))
        )

    def embed(self, text: str) -> Any:
        return self.math.embed(self.math.pad(text.encode()))

    def encrypt(self, d: Any) -> tuple[Any, Any]:
        r = self.math.random()
        return self.math.g**r, d * self.y**r

    def ciphertext(self, pair: tuple[Any, Any]) -> bytes:
        oid = der(0x30, der(6, bytes.fromhex(OIDS[self.math.name])))
        return der(0x30, oid, der(0x30, *map(self.math.element, pair)))

    def proof(self, text: str, d: Any = None) -> dict[str, str]:
        """A ballot of this text, or of any plaintext, with its proof: an entry of the file."""
        element = self.embed(text) if d is None else d
        pair = self.encrypt(element)
        return self.prove(pair, self.message(text, element), self.hashed(text, element))

    def message(self, text: str, d: Any) -> str:
        if self.profile == "RK2023":
            return text
        return b64(
            der(4, self.hashed(text, d)) if self.profile == "KOV2025" else self.hashed(text, d)
        )

    def hashed(self, text: str, d: Any) -> bytes:
        if self.profile == "KOV2025":
            return bytes(self.math.raw(d))
        return text.encode() if self.profile == "RK2023" else self.block(d)

    def block(self, d: Any) -> bytes:
        return bytes(min(d.n, self.math.p - d.n).to_bytes(384, "big"))

    def prove(self, pair: tuple[Any, Any], message: str, hashed: bytes) -> dict[str, str]:
        t = self.math.random()
        commitments = self.math.element(pair[0] ** t) + self.math.element(self.math.g**t)
        ciphertext = self.ciphertext(pair)
        seed = der(
            0x30, der(0x1B, b"DECRYPTION"), self.key, ciphertext, der(4, hashed), commitments
        )
        s = (challenge(self.math.q, seed) * self.x + t) % self.math.q
        proof = der(0x30, commitments, integer(s))
        return {"ciphertext": b64(ciphertext), "message": message, "proof": b64(proof)}

    # -- files ------------------------------------------------------------------------------------

    def proofs(self, entries: list[dict[str, str]]) -> bytes:
        return pretty({"election": self.election, "proofs": entries})

    def box(self, places: dict[tuple[str, str], list[str]], question: str = "question-1") -> bytes:
        districts: dict[str, Any] = {}
        for (district, parish), ciphertexts in places.items():
            name = f"{self.election}.{question}"
            districts.setdefault(district, {})[parish] = {name: ciphertexts}
        return pretty({"election": self.election, "districts": districts})

    def tally(self, by_parish: dict[str, dict[str, dict[str, int]]]) -> bytes:
        sums: dict[str, dict[str, int]] = {}
        for district, parishes in by_parish.items():
            sums[district] = {}
            for counts in parishes.values():
                for code, n in counts.items():
                    sums[district][code] = sums[district].get(code, 0) + n
        return pretty({"election": self.election, "byparish": by_parish, "bydistrict": sums})


def pretty(value: object) -> bytes:
    """As the official applications lay it out."""
    text = json.dumps(value, indent=2, ensure_ascii=False, separators=(",", " : "))
    return text.encode()


@dataclass
class Count:
    """The files of a small count: seven ballots in two districts and three parishes."""

    office: Office
    entries: list[dict[str, str]]
    invalid: list[dict[str, str]]
    places: dict[tuple[str, str], list[str]]
    by_parish: dict[str, dict[str, dict[str, int]]]

    @classmethod
    def hold(cls, profile: str, *, invalid: bool = True) -> Count:
        office = Office(profile)
        votes = ["0000.101", "0000.102", "0000.101", "0000.103", "0000.101"]
        entries = [office.proof(office.text(code)) for code in votes]
        # a vote for another district's candidate, and a plaintext that is none at all
        others: list[Callable[[], dict[str, str]]] = [
            lambda: office.proof(office.text("0000.103")),
            lambda: office.proof("", d=office.math.g**5),
        ]
        spoilt = [make() for make in others] if invalid and profile != "RK2023" else []
        first, second = [e["ciphertext"] for e in entries], [e["ciphertext"] for e in spoilt]
        places = {
            ("0000.1", "0001"): [first[4], first[0], *second],
            ("0000.1", "0002"): [first[2], first[1]],
            ("0000.2", "0001"): [first[3]],
        }
        n = len(spoilt)
        by_parish = {
            "0000.1": {
                "0001": {"0000.101": 2, "0000.102": 0, "invalid": n},
                "0002": {"0000.101": 1, "0000.102": 1, "invalid": 0},
            },
            "0000.2": {"0001": {"0000.103": 1, "0000.104": 0, "invalid": 0}},
        }
        return cls(office, entries, spoilt, places, by_parish)

    def files(self) -> dict[str, bytes]:
        """By the option that takes each."""
        found = {
            "public-key": self.office.pem,
            "proofs": self.office.proofs(self.entries),
            "mixed-box": self.office.box(self.places),
            "tally": self.office.tally(self.by_parish),
        }
        if self.invalid:
            found["invalid-proofs"] = self.office.proofs(self.invalid)
        return found
