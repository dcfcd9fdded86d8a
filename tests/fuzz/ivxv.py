"""Targets: the readers of Estonian decryption proofs, and the command on whole files."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from functools import cache
from pathlib import Path

from crypto import byte_tree
from crypto.errors import EncodingError
from crypto.groups import Element
from tests.fuzz.targets import Disagreement, Material, Seeds, outcome, target
from tests.verifier_app.ivxv.office import Office
from verifier_app.ivxv import command, der
from verifier_app.ivxv.key import Key
from verifier_app.ivxv.profile import Profile, read_message
from verifier_app.ivxv.proof import Ciphertext, Proof

IVXV = Path(__file__).parents[1] / "vectors" / "ivxv"


@cache
def _offices() -> dict[str, tuple[Office, Key, dict[str, str]]]:
    """Of each profile, with a proof."""
    offices = {profile.value: Office(profile.value) for profile in Profile}
    return {
        name: (office, Key.read(office.key), office.proof(office.text("0000.101")))
        for name, office in offices.items()
    }


def _decoded(member: str) -> Seeds:
    return lambda _: [base64.b64decode(entry[member]) for _, _, entry in _offices().values()]


@target(lambda _: [(IVXV / "pub.pem").read_bytes(), *(o.key for o, _, _ in _offices().values())])
def ivxv_keys(_m: Material, data: bytes) -> None:
    key = Key.read(data)
    if Key.read(key.der).der != key.der:
        raise Disagreement("a key that is not read again")


def _of_any_group(read: Callable[[Office, Key], object]) -> None:
    """As one group's value, or as none."""
    outcomes = [outcome(lambda o=o, k=k: read(o, k)) for o, k, _ in _offices().values()]  # type: ignore[misc]
    if all(found.refusal for found in outcomes):
        raise EncodingError("of no group")


@target(_decoded("ciphertext"))
def ivxv_ciphertexts(_m: Material, data: bytes) -> None:
    def read(_office: Office, key: Key) -> None:
        ciphertext = Ciphertext.read(key, data)
        oid = der.encode(der.SEQUENCE, der.encode(der.OID, bytes.fromhex(key.wire.oid)))
        pair = b"".join(_written(element) for element in (ciphertext.c0, ciphertext.c1))
        if der.encode(der.SEQUENCE, oid, der.encode(der.SEQUENCE, pair)) != data:
            raise Disagreement("a second encoding of one ciphertext")

    _of_any_group(read)


@target(_decoded("proof"))
def ivxv_proofs(_m: Material, data: bytes) -> None:
    def read(_office: Office, key: Key) -> None:
        proof = Proof.read(key, data)
        s = der.encode(der.INTEGER, byte_tree.natural(proof.s))
        if der.encode(der.SEQUENCE, _written(proof.a), _written(proof.b), s) != data:
            raise Disagreement("a second encoding of one proof")

    _of_any_group(read)


def _written(element: Element) -> bytes:
    match element.tree():
        case (bytes(x), bytes(y)):
            return der.encode(der.OCTET_STRING, b"\x04", x[1:], y[1:])
        case bytes(n):
            return der.encode(der.INTEGER, byte_tree.natural(int.from_bytes(n, "big")))
    raise TypeError("an element of no known form")


@target(lambda _: [entry["message"].encode() for _, _, entry in _offices().values()])
def ivxv_messages(_m: Material, data: bytes) -> None:
    message = data.decode("utf-8", "surrogateescape")  # JSON can hold halves of characters

    def read(office: Office, key: Key) -> None:
        read_message(Profile(office.profile), key, message)

    _of_any_group(read)


OPTIONS = {"proof.json": "proofs", "box.json": "box", "tally.json": "tally"}


@target(lambda _: [(IVXV / name).read_bytes() for name in OPTIONS])
def ivxv_files(_m: Material, data: bytes) -> None:
    """As each of the files of a count; accepted if one of these counts is verified."""
    names = {
        "key": "pub.pem",
        "invalid_proofs": "proof-invalid.json",
        **{o: n for n, o in OPTIONS.items()},
    }
    good = {option: (IVXV / name).read_bytes() for option, name in names.items()}
    for option in OPTIONS.values():
        files = {name: io.BytesIO(content) for name, content in {**good, option: data}.items()}
        if command.run(command.Files(**files)).verdict == "verified":
            return
    raise EncodingError("no count with this file is verified")
