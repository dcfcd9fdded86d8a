"""The questions whose answers are committed as vectors, and random ones.

Everything here follows from a generator that is given, so that the same seed makes the same file.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from nacl import bindings

from crypto import byte_tree
from crypto.byte_tree import Tree, natural_length
from crypto.groups import group_by_name
from crypto.signing import SigningKey
from crypto.tlog import (
    Checkpoint,
    LogProof,
    VerifierKey,
    cosign,
    leaf_hash,
    sign_checkpoint,
    witness_key,
)
from crypto.tlog import Tree as LogTree
from tests.client.answers import Question, answer
from tests.client.certificates import certificates, codes, containers

RFC9496 = Path(__file__).parents[1] / "vectors" / "rfc9496.json"
GROUPS = ("ristretto255", "P-256", "P-384")
CONTESTS: dict[str, dict[str, Any]] = {
    "one of five": {"N": 5, "total": None, "m": [3]},
    "yes or no": {"N": 2, "total": None, "m": [0]},
    "two numbers of three": {"N": 3, "total": None, "m": [2, 0]},
    "up to two of three": {"N": 2, "total": [0, 2], "m": [1, 0, 1]},
    "one to three of four": {"N": 2, "total": [1, 3], "m": [0, 0, 1, 0]},
}
IMPOSSIBLE: list[tuple[str, str, dict[str, Any]]] = [
    ("one of five", "a selection outside its range", {"m": [5]}),
    ("one of five", "a negative selection", {"m": [-1]}),
    ("one of five", "a selection too many", {"m": [1, 1]}),
    ("one of five", "N = 1", {"N": 1}),
    ("one of five", "N above 65536", {"N": 65537}),
    ("one of five", "no selection", {"s": 0, "m": []}),
    ("one of five", "the identity as key", {"y": "00" * 32}),
    ("up to two of three", "too many approvals", {"m": [1, 1, 1]}),
    ("up to two of three", "a sum that nobody can have", {"total": [0, 4]}),
    ("up to two of three", "a sum of one number only", {"total": [1, 1]}),
    ("up to two of three", "a minimum above the maximum", {"total": [2, 1]}),
]
ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493
SMALL_ORDER = [  # RFC 8032's curve: the eight points of order 1, 2, 4, 8
    "01" + "00" * 31,
    "ec" + "ff" * 30 + "7f",
    "00" * 32,
    "00" * 31 + "80",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
]
NOT_CANONICAL = ["ee" + "ff" * 30 + "7f", "ee" + "ff" * 31, "01" + "00" * 30 + "80"]
DECIMAL = {"inclusion": ("index", "size"), "consistency": ("old", "size"), "arithmetic": ("x", "y")}
"""Numbers that stand as text, since they are too long for JSON's."""
FIXED = {"ask", "group"}
_OPTION = {"name": {"en": "a"}, "reading": None, "affiliation": None}
_OF_ALL: dict[str, Any] = {
    "title": {"en": "a contest"},
    "counting": "district",
    "districts": ["kita"],
    "options": [{"number": n, **_OPTION} for n in (1, 2, 3)],
}
_ONE = {**_OF_ALL, "kind": "single_choice", "seats": 1, "tie": "lot"}
_SOME = {**_OF_ALL, "kind": "approval", "seats": 1, "tie": "lot", "maximum": 2}
CONTESTS_OF_A_MANIFEST: list[dict[str, Any]] = [
    {**_ONE, "id": "one-or-blank", "blank": True},
    {**_ONE, "id": "exactly-one", "blank": False},
    {**_SOME, "id": "up-to-two", "minimum": 0},
    {**_SOME, "id": "one-or-two", "minimum": 1},
    {
        **_OF_ALL,
        "id": "yes-or-no",
        "kind": "referendum",
        "options": _OF_ALL["options"][:2],
        "blank": True,
        "majority": "simple",
        "quorum": None,
    },
]
CHOICES_AS_NUMBERS: dict[str, list[list[int]]] = {
    "single_choice": [[0], [1], [2]],
    "referendum": [[0], [1], [2]],
    "approval": [[0, 0, 0], [1, 0, 0], [0, 1, 1]],
}
Claimed = Iterator[tuple[str, Question]]


def contest_question(kind: str, group: str = "ristretto255", seed: int = 1) -> dict[str, Any]:
    """A question of the kind `prove`: a voter's contest with all that it is bound to."""
    key = group_by_name(group)
    y = key.g ** key.scalar(int.from_bytes(hashlib.sha256(b"trustees").digest(), "big"))
    contest = CONTESTS[kind]
    return {
        "ask": "prove",
        "group": group,
        "y": y.hex(),
        "E": hashlib.sha256(b"manifest").hexdigest(),
        "style": "style-kita",
        "contest": "assembly-kita",
        "identifier": "700000000001",
        "seed": hashlib.sha256(b"seed %d" % seed).hexdigest(),
        "fresh": hashlib.sha256(b"fresh %d" % seed).hexdigest(),
        "s": len(contest["m"]),
        **contest,
    }


# -- committed vectors ----------------------------------------------------------------------------


def vectors() -> dict[str, list[dict[str, Any]]]:
    """Every file of tests/vectors/client: claims, questions and the Python's answers."""
    files = {
        "encodings": encodings(random.Random(1)),
        "groups": groups(random.Random(2)),
        "contests": contests(),
        "forgeries": forgeries(),
        "signatures": signatures(),
        "log": log(random.Random(3)),
        "documents": documents(random.Random(4)),
        "certificates": certificates(),
        "containers": itertools.chain(containers(), codes()),
    }
    return {
        f"{name}.json": [
            {"claim": claim, "question": question, "answer": answer(question)}
            for claim, question in claimed
        ]
        for name, claimed in files.items()
    }


def encodings(rng: random.Random) -> Claimed:
    deep: Tree = b""
    for _ in range(byte_tree.MAX_DEPTH - 1):
        deep = (deep,)
    trees: dict[str, Tree] = {
        "an empty leaf": b"",
        "an empty node": (),
        "a leaf of 300 bytes": bytes(300),
        "many children of one shape": tuple(bytes([n]) * 2 for n in range(20)),
        "leaves and nodes": (b"a", (b"", (b"bc",)), ()),
        "the deepest tree": deep,
    }
    for claim, tree in trees.items():
        yield claim, {"ask": "tree", "data": byte_tree.encode(tree).hex()}
    malformed = {
        "nothing": "",
        "an unknown tag": "0200000000",
        "a header cut off": "0100",
        "a leaf cut off": "010000000200",
        "a child missing": "0000000002" + "0100000000",
        "a byte behind the tree": "010000000000",
        "a node that announces 2^32 - 1 children": "00ffffffff",
        "nested too deep": byte_tree.encode((deep,)).hex(),
        "nested far too deep": "0000000001" * 5000,
    }
    for claim, data in malformed.items():
        yield claim, {"ask": "tree", "data": data}
    for bits in (1, 7, 8, 255, 256, 512, 1000):
        yield f"an oracle of {bits} bits", {"ask": "oracle", "bits": bits, "data": _hex(rng, 40)}
    reads = [1, 0, 31, 32, 100, 5]
    yield "reads of a stream join", {"ask": "prg", "seed": _hex(rng, 32), "reads": reads}
    yield "a seed is a digest", {"ask": "prg", "seed": _hex(rng, 31), "reads": [1]}


def groups(rng: random.Random) -> Claimed:
    rfc = json.loads(RFC9496.read_text(encoding="utf-8"))
    for point in rfc["multiples of the generator"]:
        yield "RFC 9496, appendix A.1", element("ristretto255", bytes.fromhex(point))
    for claim, points in rfc["refused encodings"].items():
        for point in points:
            yield f"RFC 9496, {claim}", element("ristretto255", bytes.fromhex(point))
    for name in GROUPS:
        yield f"{name} as a proof names it", {"ask": "pgroup", "group": name}
        yield from _members(name)
        yield from _scalars(name)
        q = group_by_name(name).order
        numbers = [0, 1, 2, q - 1, q - 2, q, -1, rng.randrange(q), rng.randrange(q)]
        for x in numbers:
            for y in numbers if name == "ristretto255" else [0, q - 1]:
                yield f"arithmetic of {name}", arithmetic(rng, name, x, y)


def _members(name: str) -> Claimed:
    group = group_by_name(name)
    unit = group.identity.tree()
    yield "the identity where it is allowed", element(name, unit)
    yield "the identity where it is refused", element(name, unit, identity="refused")
    yield "a member with a byte more", element(name, _longer(group.g.tree()))
    yield "a node for a leaf, or a leaf for a node", element(name, (group.g.tree(),))
    yield "a member of JSON", {"ask": "hex", "group": name, "text": group.g.hex()}
    for text in (group.g.hex().upper(), group.g.hex()[:-2], group.g.hex() + " ", "", "zz"):
        yield "no member of JSON", {"ask": "hex", "group": name, "text": text}
    if name == "ristretto255":
        return
    p = {
        "P-256": 2**256 - 2**224 + 2**192 + 2**96 - 1,
        "P-384": 2**384 - 2**128 - 2**96 + 2**32 - 1,
    }
    x, y = byte_tree.children(group.g.tree(), 2, "g")
    size = natural_length(p[name])
    of_y = int.from_bytes(y, "big")  # type: ignore[arg-type]
    other = (p[name] - of_y).to_bytes(size, "big")
    yield "the inverse of g", element(name, (x, other))
    yield "off the curve", element(name, (x, (of_y + 1).to_bytes(size, "big")))
    yield "a coordinate from p on", element(name, (x, (of_y + p[name]).to_bytes(size, "big")))
    yield "half an identity", element(name, (x, b"\xff" * size))
    yield "zero and zero", element(name, (bytes(size), bytes(size)))


def _scalars(name: str) -> Claimed:
    q = group_by_name(name).order
    size = len(byte_tree.contents(group_by_name(name).scalar(0).tree()))
    for x in (0, 1, q - 1, q, q + 1, 2 ** (8 * size) - 1):
        yield f"a scalar at a border in {name}", scalar(name, x.to_bytes(size, "big"))
    yield "a scalar with a byte more", scalar(name, bytes(size + 1))
    yield "a scalar with a byte less", scalar(name, bytes(size - 1))
    yield "a node for a scalar", scalar(name, (bytes(size),))


def contests() -> Claimed:
    for name in GROUPS:
        for kind in CONTESTS if name == "ristretto255" else ["up to two of three"]:
            made = contest_question(kind, name)
            yield f"{kind} in {name} as it is proven", made
            data = answer(made)
            yield f"{kind} in {name} holds", {**made, "ask": "verify", "data": data}
    for kind, claim, change in IMPOSSIBLE:
        yield claim, {**contest_question(kind), **change}


def forgeries(*, everywhere: bool = False) -> Claimed:
    """Contests with one thing changed: in each place, or in the first of each kind."""
    for kind in ("two numbers of three", "up to two of three"):
        made = contest_question(kind)
        tree = byte_tree.decode(bytes.fromhex(answer(made)))
        ask = {**made, "ask": "verify"}
        for claim, changed in _forged(tree, everywhere):
            yield f"{kind}: {claim}", {**ask, "data": byte_tree.encode(changed).hex()}
        data = byte_tree.encode(tree).hex()
        for field, value in {
            "E": "ff" * 32,
            "style": "style-minami",
            "contest": "mayor",
            "identifier": "700000000002",
        }.items():
            yield f"{kind}: moved to another {field}", {**ask, "data": data, field: value}


def _forged(tree: Tree, everywhere: bool) -> Iterator[tuple[str, Tree]]:
    """Leaves changed in every way, and nodes with a child less or more."""
    g2 = byte_tree.contents((group_by_name("ristretto255").g ** 2).tree())
    one, q = (1).to_bytes(32, "big"), ED25519_ORDER.to_bytes(32, "big")
    for place, found in _places(tree):
        if any(place[1:-1]) and not everywhere:
            continue
        where = ".".join(map(str, place)) or "root"
        if not isinstance(found, bytes):
            parts = tuple(found)
            if parts:
                yield f"a part less at {where}", _with(tree, place, parts[:-1])
            yield f"a part more at {where}", _with(tree, place, (*parts, *parts[-1:]) or (b"",))
            continue
        values = [one, q] if place[0] == 3 else [g2, bytes(32), b"\xff" * 32]
        others: list[Tree] = [*values, found + b"\0", (found,)]
        for other in others:
            claim = other.hex() if isinstance(other, bytes) else "a node"
            yield f"{where} is {claim}", _with(tree, place, other)


def _places(tree: Tree, at: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], Tree]]:
    yield at, tree
    if not isinstance(tree, bytes):
        for i, child in enumerate(tree):
            yield from _places(child, (*at, i))


def _with(tree: Tree, place: Sequence[int], part: Tree) -> Tree:
    if not place:
        return part
    children = list(tree)
    children[place[0]] = _with(children[place[0]], place[1:], part)  # type: ignore[arg-type]
    return tuple(children)  # type: ignore[arg-type]


def signatures() -> Claimed:
    key, text = SigningKey(b"k" * 32), b"a text\n"
    good = {"ask": "signature", "key": key.public_key.hex, "text": text.hex()}
    value = key.sign_text(text)
    yield "a signature", {**good, "signature": value.hex()}
    yield "of another text", {**good, "text": b"a Text\n".hex(), "signature": value.hex()}
    yield "a byte less", {**good, "signature": value[:-1].hex()}
    yield "a key of 31 bytes", {**good, "key": key.public_key.hex[:-2], "signature": value.hex()}
    s = int.from_bytes(value[32:], "little") + ED25519_ORDER
    malleable = value[:32] + s.to_bytes(32, "little")
    yield "s above the order", {**good, "signature": malleable.hex()}
    for point in (*SMALL_ORDER, *NOT_CANONICAL):
        raw = bytes.fromhex(point)
        yield f"by a key that is {point}", {**good, "key": point, "signature": value.hex()}
        yield f"by {point}, zero", {**good, "key": point, "signature": (raw + bytes(32)).hex()}
        yield f"R is {point}", {**good, **_signed(text, bytes(32), commitment=raw)}
    for point in SMALL_ORDER:
        torsion = bytes.fromhex(point)
        yield f"a key times {point}", {**good, **_signed(text, torsion)}
        with_torsion = bindings.crypto_core_ed25519_add(_times_base(7), torsion)
        told = _signed(text, torsion, commitment=with_torsion, nonce=7)
        yield f"key and R times {point}", {**good, **told}


def _times_base(x: int) -> bytes:
    raw = x.to_bytes(32, "little")
    return bindings.crypto_scalarmult_ed25519_base_noclamp(raw)


def _signed(
    text: bytes, torsion: bytes, *, commitment: bytes | None = None, nonce: int = 0
) -> dict[str, str]:
    """Key and signature that fulfil the equation up to points of small order."""
    secret, r = 1234567, nonce if commitment is not None else 7
    key = _times_base(secret)
    if any(torsion):
        key = bindings.crypto_core_ed25519_add(key, torsion)
    R = _times_base(r) if commitment is None else commitment
    h = int.from_bytes(hashlib.sha512(R + key + text).digest(), "little")
    s = (r + h * secret) % ED25519_ORDER
    return {"key": key.hex(), "signature": (R + s.to_bytes(32, "little")).hex()}


def log(rng: random.Random) -> Claimed:
    leaves = [leaf_hash(bytes([n])) for n in range(20)]
    tree = LogTree(leaves)
    for size in (1, 2, 3, 7, 8, 13):
        for index in {0, size // 2, size - 1}:
            ask = inclusion(tree, leaves, index, size)
            yield f"leaf {index} of {size}", ask
            for claim, change in _changed_proofs(ask["proof"]):
                yield f"leaf {index} of {size}, {claim}", {**ask, "proof": change}
            yield "of another leaf", {**ask, "leaf": leaves[19].hex()}
            yield "beyond the tree", {**ask, "index": str(size)}
    for old, new in ((0, 0), (0, 5), (1, 1), (1, 2), (3, 7), (4, 8), (6, 8), (7, 13), (8, 13)):
        ask = consistency(tree, old, new)
        yield f"from {old} to {new}", ask
        for claim, change in _changed_proofs(ask["proof"]):
            yield f"from {old} to {new}, {claim}", {**ask, "proof": change}
        yield f"from {old} to {new}, back", {**ask, "old": str(new + 1)}
        yield f"a fork at {old}", {**ask, "old_root": leaves[0].hex()}
    large = [_hex(rng, 32) for _ in range(63)]
    place = {"index": str(2**62), "size": str(2**63 - 1)}
    ends = {"leaf": large[0], "root": large[1]}
    yield "a tree of 2^63 - 1", {"ask": "inclusion", **place, **ends, "proof": large}
    yield from _notes()


def _changed_proofs(proof: list[str]) -> Iterator[tuple[str, list[str]]]:
    yield "with a hash too many", [*proof, "00" * 32]
    if proof:
        yield "with a hash too few", proof[:-1]
        yield "with another hash", ["00" * 32, *proof[1:]]
        yield "with a short hash", [proof[0][2:], *proof[1:]]


def _notes() -> Claimed:
    keys = [SigningKey(bytes([n]) * 32) for n in range(4)]
    log_key = VerifierKey("log.example/e", keys[0].public_key)
    witnesses = [witness_key(f"w{n}.example", keys[n].public_key) for n in (1, 2, 3)]
    entries = [b"entry %d" % n for n in range(9)]
    tree = LogTree(leaf_hash(entry) for entry in entries)
    head = Checkpoint(log_key.name, 9, tree.root())
    lines = [cosign(head, keys[n], f"w{n}.example", 1_800_000_000 + n) for n in (1, 2, 3)]
    note = sign_checkpoint(head, keys[0]).with_signatures(*lines[:2])
    proof = LogProof(4, tuple(tree.inclusion_proof(4)), note, b"extra")
    ask = {
        "ask": "log_proof",
        "data": proof.encode().hex(),
        "entry": entries[4].hex(),
        "log": log_key.vkey(),
        "witnesses": [witness.vkey() for witness in witnesses],
        "required": 2,
    }
    yield "a receipt", ask
    without = LogProof(4, proof.hashes, note).encode().hex()
    yield "a receipt without extra", {**ask, "data": without}
    yield "of another entry", {**ask, "entry": entries[5].hex()}
    yield "too few witnesses", {**ask, "required": 3}
    yield "a witness twice", {**ask, "witnesses": [witnesses[0].vkey()] * 2}
    yield "a log's key as witness", {**ask, "witnesses": [log_key.vkey()], "required": 0}
    yield "a witness's key as log", {**ask, "log": witnesses[0].vkey()}
    yield "another log", {**ask, "log": VerifierKey("other.example", keys[0].public_key).vkey()}
    late = cosign(head, keys[1], "w1.example", 2_000_000_000)
    twice = LogProof(4, proof.hashes, note.with_signatures(late))
    yield "a witness that signed twice", {**ask, "data": twice.encode().hex()}
    text = proof.encode()
    for claim, change in _changed_texts(text):
        yield f"a receipt {claim}", {**ask, "data": change.hex()}
    for claim, change in _changed_texts(note.encode()):
        yield f"a note {claim}", {"ask": "note", "data": change.hex()}
    yield "a verifier key", {"ask": "vkey", "text": log_key.vkey()}
    parts = log_key.vkey().split("+")
    for text_of_key in (
        "+".join([parts[0] + "x", *parts[1:]]),
        "+".join(["", *parts[1:]]),
        "+".join([parts[0] + " ", *parts[1:]]),
        "+".join([parts[0] + "\u00a0", *parts[1:]]),
        "+".join([parts[0], parts[1].upper(), *parts[2:]]),
        "+".join(parts[:2]),
        log_key.vkey() + "=",
        log_key.vkey().replace("+A", "+B", 1),
    ):
        yield "no verifier key", {"ask": "vkey", "text": text_of_key}


def _changed_texts(text: bytes) -> Iterator[tuple[str, bytes]]:
    yield "as it is", text
    yield "with a line too many", text + b"\n"
    yield "without its last newline", text[:-1]
    yield "with a carriage return", text.replace(b"\n", b"\r\n", 1)
    yield "in another version", text.replace(b"@v1", b"@v2")
    yield "with a byte order mark", b"\xef\xbb\xbf" + text
    yield "with a byte that is no UTF-8", text.replace(b"\xe2\x80\x94", b"\xe2\x80", 1)
    yield "with a hyphen for the dash", text.replace("\u2014".encode(), b"-", 1)
    yield "with a size that starts with 0", text.replace(b"\n9\n", b"\n09\n")
    yield "with a size of 2^63", text.replace(b"\n9\n", b"\n9223372036854775808\n")
    yield "with an index that is none", text.replace(b"index 4", b"index +4")
    yield "with base64 that is not canonical", text.replace(b"=\n", b"\n", 1)
    yield "with a space in base64", text.replace(b"=\n", b" =\n", 1)
    yield "with another name", text.replace(b"w1.example", b"w9.example")
    yield "with another time", text.replace(b"AAAAAGtJ0g", b"AAAAAGtJ0h", 1)
    yield "cut", text[: len(text) // 2]
    yield "that is empty", b""
    yield "with a hundred signatures more", text + text[text.rindex("\u2014".encode()) :] * 99


def documents(rng: random.Random) -> Claimed:
    for claim, text in {
        "an empty object": "{}",
        "all kinds of values": '{"a":[1,-2,0,true,false,null,"",{}],"b":{"c":[[]]}}',
        "names by their UTF-16 units": '{"😀":1,"＀":2}',
        "names by their code points": '{"＀":2,"😀":1}',
        "names in another order": '{"b":1,"a":1}',
        "texts with what must be escaped": '{"a":"\\u0000\\b\\t\\n\\f\\r\\u001f\\"\\\\/"}',
        "texts with what must not be escaped": '{"a":" é透かし"}',
        "an escape that is not needed": '{"a":"\\u00e9"}',
        "half a character": '{"a":"\\ud800"}',
        "a member called __proto__": '{"__proto__":{"a":1}}',
        "a repeated member": '{"a":1,"a":1}',
        "a space": '{"a": 1}',
        "a newline at the end": '{"a":1}\n',
        "a byte order mark": '﻿{"a":1}',
        "the largest number": '{"a":9007199254740991}',
        "a number above it": '{"a":9007199254740992}',
        "a number that would be rounded": '{"a":9007199254740993}',
        "the smallest number": '{"a":-9007199254740991}',
        "minus zero": '{"a":-0}',
        "a fraction": '{"a":1.5}',
        "a whole number as a fraction": '{"a":1.0}',
        "a number with an exponent": '{"a":1e3}',
        "no number": '{"a":NaN}',
        "a list": "[1]",
        "a text": '"a"',
        "nothing": "",
        "cut off": '{"a":',
        "nested without end": '{"a":' + "[" * 20_000,
    }.items():
        yield claim, {"ask": "canonical", "data": text.encode().hex()}
    yield "what is no UTF-8", {"ask": "canonical", "data": b'{"a":"\xff"}'.hex()}
    for contest in CONTESTS_OF_A_MANIFEST:
        for choice in ([], [1], [2], [3], [4], [-1], [1, 2], [2, 1], [1, 1], [1, 2, 3]):
            ask = {"ask": "plaintexts", "contest": contest, "choice": choice}
            yield f"{contest['id']} with {choice}", ask
        for m in CHOICES_AS_NUMBERS[contest["kind"]]:
            ask = {"ask": "choice", "contest": contest, "m": m}
            yield f"{contest['id']} as {m}", ask
    seed, E = _hex(rng, 32), _hex(rng, 32)
    yield "by which a second device asks", {"ask": "fetch_token", "seed": seed, "E": E}
    yield "what a second device reads", {"ask": "code", "sequence": 12, "seed": seed}


# -- random ones ----------------------------------------------------------------------------------


def random_question(rng: random.Random, known: Sequence[Question]) -> Question:
    """A question of which nobody knows the answer: known ones with bytes, texts, numbers or parts
    changed, and values at random."""
    make: Callable[[], Question] = rng.choice(
        [lambda: _mutated(rng, rng.choice(known))] * 6
        + [
            lambda: {"ask": "tree", "data": _random_tree(rng).hex()},
            lambda: element("ristretto255", rng.randbytes(rng.choice([31, 32, 32, 32, 33]))),
            lambda: arithmetic(
                rng, "ristretto255", rng.randrange(ED25519_ORDER), rng.randrange(-9, 9)
            ),
        ]
    )
    return make()


def _mutated(rng: random.Random, question: Question) -> Question:
    field = rng.choice([name for name in question if name not in FIXED])
    value = question[field]
    if isinstance(value, int):
        return {**question, field: value + rng.choice([-1, 1])}
    if isinstance(value, list) and value and all(isinstance(part, str) for part in value):
        changed = list(value)
        i = rng.randrange(len(value))
        changed[i : i + 1] = rng.choice([[], [_mutated_hex(rng, value[i])], [value[i]] * 2])
        return {**question, field: changed}
    if not isinstance(value, str):
        return question
    if field in DECIMAL.get(question["ask"], ()):
        return {**question, field: str(max(0, int(value) + rng.choice([-1, 1, 2**62])))}
    return {**question, field: _mutated_hex(rng, value)}


def _mutated_hex(rng: random.Random, text: str) -> str:
    try:
        data = bytearray.fromhex(text)
    except ValueError:
        return text
    for _ in range(rng.choice([1, 1, 1, 2, 5])):
        at = rng.randrange(len(data) + 1)
        kind = rng.randrange(4)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            data[at:at] = rng.randbytes(rng.choice([1, 4, 32]))
        elif kind == 2:
            del data[at : at + rng.choice([1, 4, 32])]
        else:
            start = rng.randrange(len(data) + 1)
            data[at : at + 32] = data[start : start + 32]
    return bytes(data).hex()


def _random_tree(rng: random.Random) -> bytes:
    def tree(depth: int) -> Tree:
        if depth == 0 or rng.random() < 0.4:
            return rng.randbytes(rng.choice([0, 1, 32]))
        return tuple(tree(depth - 1) for _ in range(rng.choice([0, 1, 2, 9])))

    encoded = byte_tree.encode(tree(4))
    return encoded if rng.random() < 0.5 else bytes.fromhex(_mutated_hex(rng, encoded.hex()))


# -- questions ------------------------------------------------------------------------------------


def element(group: str, tree: Tree, *, identity: str = "allowed") -> Question:
    data = byte_tree.encode(tree).hex()
    return {"ask": "element", "group": group, "data": data, "identity": identity}


def scalar(group: str, tree: Tree) -> Question:
    return {"ask": "scalar", "group": group, "data": byte_tree.encode(tree).hex()}


def arithmetic(rng: random.Random, group: str, x: int, y: int) -> Question:
    g = group_by_name(group)
    a, b = (g.g ** g.scalar(rng.randrange(g.order)) for _ in range(2))
    numbers = {"x": str(x), "y": str(y)}
    return {"ask": "arithmetic", "group": group, "a": a.hex(), "b": b.hex(), **numbers}


def inclusion(tree: LogTree, leaves: list[bytes], index: int, size: int) -> dict[str, Any]:
    return {
        "ask": "inclusion",
        "leaf": leaves[index].hex(),
        "index": str(index),
        "size": str(size),
        "proof": [hash_.hex() for hash_ in tree.inclusion_proof(index, size)],
        "root": tree.root(size).hex(),
    }


def consistency(tree: LogTree, old: int, new: int) -> dict[str, Any]:
    return {
        "ask": "consistency",
        "old": str(old),
        "old_root": tree.root(old).hex(),
        "size": str(new),
        "root": tree.root(new).hex(),
        "proof": [hash_.hex() for hash_ in tree.consistency_proof(old, new)],
    }


def _hex(rng: random.Random, n: int) -> str:
    return rng.randbytes(n).hex()


def _longer(tree: Tree) -> Tree:
    """The tree with a byte more in its last leaf."""
    if isinstance(tree, bytes):
        return tree + b"\0"
    *first, last = tree
    return (*first, _longer(last))
