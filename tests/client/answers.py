"""What the Python answers to a question about encodings and proofs; answers.ts answers the same
questions with the TypeScript.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from cryptography import x509
from pydantic import TypeAdapter

from crypto import byte_tree
from crypto.elgamal import PublicKey
from crypto.errors import SukashiError
from crypto.groups import Group, group_by_name
from crypto.proofs.binding import ballot_prefix, ballot_randomness, nonce_prg, voter_digest
from crypto.proofs.range import encrypt, prove, verify
from crypto.proofs.range_statement import EncryptedContest, RangeStatement
from crypto.random_oracle import PRG, random_oracle
from crypto.signing import PublicKey as SignatureKey
from crypto.tlog import LogProof, Note, VerifierKey, verify_consistency, verify_inclusion
from voting.ballot.ballot import QrCode, fetch_token
from voting.eid import container
from voting.eid.profile import EidProfile
from voting.election.contests import Contest
from voting.election.documents import canonical, parse_canonical

CONTEST: TypeAdapter[Contest] = TypeAdapter(Contest)
Question = Mapping[str, Any]
"""Texts and numbers, bytes in hex; `ask` says which kind of question it is."""


def answer(question: Question) -> str:
    """The answer, or `refused <class of the error>` as the TypeScript calls it."""
    try:
        return KINDS[question["ask"]](question)
    except SukashiError as error:
        return f"refused {type(error).__name__}"
    except ValueError:
        return "refused RangeError"


def group(q: Question) -> Group:
    return group_by_name(q["group"])


def total(q: Question) -> tuple[int, int] | None:
    return tuple(q["total"]) if q["total"] else None


def data(q: Question, name: str = "data") -> bytes:
    return bytes.fromhex(q[name])


def statement(q: Question) -> RangeStatement:
    key = PublicKey(group(q).g, group(q).element_from_hex(q["y"], allow_identity=False))
    voter, pgroup = voter_digest(data(q, "E"), q["identifier"]), group(q).pgroup
    rho_b = ballot_prefix(
        data(q, "E"), q["style"], q["contest"], voter, pgroup, N=q["N"], s=q["s"], total=total(q)
    )
    return RangeStatement(key, q["N"], q["s"], rho_b, total(q))


def decoded(q: Question) -> EncryptedContest:
    tree = byte_tree.decode(data(q))
    return EncryptedContest.decode(group(q), tree, q["N"], q["s"], total(q))


def _prg(q: Question) -> str:
    prg = PRG(data(q, "seed"))
    return " ".join(prg.read(n).hex() for n in q["reads"])


def _element(q: Question) -> str:
    tree = byte_tree.decode(data(q))
    return group(q).decode_element(tree, allow_identity=q["identity"] == "allowed").hex()


def _scalar(q: Question) -> str:
    return byte_tree.encode(group(q).decode_scalar(byte_tree.decode(data(q))).tree()).hex()


def _arithmetic(q: Question) -> str:
    a, b = (group(q).element_from_hex(q[name], allow_identity=True) for name in "ab")
    x, y = (group(q).scalar(int(q[name])) for name in "xy")
    element, scalar = a * b**x / a**y, -(y - x * y - x)
    return f"{element.hex()} {byte_tree.encode(scalar.tree()).hex()}"


def _prove(q: Question) -> str:
    claim, m, seed = statement(q), q["m"], data(q, "seed")
    indices = range(len(m))
    r = group(q).scalars(
        ballot_randomness(group(q), seed, data(q, "E"), q["contest"], i) for i in indices
    )
    ciphertexts = encrypt(claim.key, m, r)
    prg = nonce_prg(data(q, "fresh"), seed, claim.rho_b, ciphertexts, m)
    contest = EncryptedContest(ciphertexts, prove(claim, m, r, prg))
    return byte_tree.encode(contest.tree()).hex()


def _contest(q: Question) -> str:
    statement(q)
    return byte_tree.encode(decoded(q).tree()).hex()


def _verify(q: Question) -> str:
    claim, contest = statement(q), decoded(q)
    verify(claim, contest.ciphertexts, contest.proof, check_id="accept.proofs")
    return "holds"


def _signature(q: Question) -> str:
    key = SignatureKey.from_bytes(data(q, "key"))
    key.verify_text(data(q, "signature"), data(q, "text"), "log.checkpoint")
    return "holds"


def _hashes(q: Question) -> list[bytes]:
    return [bytes.fromhex(hash_) for hash_ in q["proof"]]


def _inclusion(q: Question) -> str:
    place = int(q["index"]), int(q["size"])
    verify_inclusion(data(q, "leaf"), *place, _hashes(q), data(q, "root"))
    return "holds"


def _consistency(q: Question) -> str:
    old, new = (int(q["old"]), data(q, "old_root")), (int(q["size"]), data(q, "root"))
    verify_consistency(*old, *new, _hashes(q))
    return "holds"


def _note(q: Question) -> str:
    note = Note.parse(data(q))
    lines = (f"{s.name} {s.key_id.hex()} {s.signature.hex()}" for s in note.signatures)
    return "|".join([note.text, *lines])


def _log_proof(q: Question) -> str:
    witnesses = [VerifierKey.parse(vkey) for vkey in q["witnesses"]]
    log, proof = VerifierKey.parse(q["log"]), LogProof.parse(data(q))
    extra = "none" if proof.extra is None else proof.extra.hex()
    checkpoint = proof.verify(
        data(q, "entry"), log, witnesses=witnesses, required=q["required"], check_id="receipt"
    )
    return f"{proof.index} {checkpoint.size} {checkpoint.root.hex()} {extra}"


def _open_container(q: Question) -> str:
    try:
        found = container.parse(data(q), q["name"], q["limit"])
        for signature in found.signatures:
            signature.verify(q["name"], found.data, check_id="verify.signature", where="data")
    except SukashiError:
        return "refused"
    return f"{found.data.hex()} signed by {len(found.signatures)}"


def _may_sign(q: Question) -> str:
    at = dt.datetime.fromtimestamp(q["at"], dt.UTC)
    try:
        profile = EidProfile.parse({n: bytes.fromhex(file) for n, file in q["profile"].items()})
        certificate = x509.load_der_x509_certificate(data(q, "certificate"))
        profile.check_certificate(certificate, at, check_id="verify.certificate", where="ballot")
    except (SukashiError, ValueError):
        return "refused"
    return "holds"


def _read_code(q: Question) -> str:
    code = QrCode.parse(q["text"])
    return f"{code.sequence} {code.seed.hex()}"


def _plaintexts(q: Question) -> str:
    contest: Contest = CONTEST.validate_json(canonical(q["contest"]), strict=True)
    m = contest.plaintexts(tuple(q["choice"]))
    total = " to ".join(map(str, contest.total)) if contest.total else "no total"
    return f"{' '.join(map(str, m))} of {contest.range_size}, {total}"


def _choice(q: Question) -> str:
    contest: Contest = CONTEST.validate_json(canonical(q["contest"]), strict=True)
    return " ".join(map(str, contest.choice(q["m"])))


KINDS: dict[str, Callable[[Question], str]] = {
    "tree": lambda q: byte_tree.encode(byte_tree.decode(data(q))).hex(),
    "oracle": lambda q: random_oracle(q["bits"], data(q)).hex(),
    "prg": _prg,
    "element": _element,
    "scalar": _scalar,
    "arithmetic": _arithmetic,
    "hex": lambda q: group(q).element_from_hex(q["text"], allow_identity=False).hex(),
    "pgroup": lambda q: group(q).pgroup,
    "prove": _prove,
    "contest": _contest,
    "verify": _verify,
    "signature": _signature,
    "inclusion": _inclusion,
    "consistency": _consistency,
    "vkey": lambda q: VerifierKey.parse(q["text"]).vkey(),
    "note": _note,
    "log_proof": _log_proof,
    "canonical": lambda q: canonical(parse_canonical(data(q), "a document")).hex(),
    "plaintexts": _plaintexts,
    "choice": _choice,
    "fetch_token": lambda q: fetch_token(data(q, "seed"), data(q, "E")).hex(),
    "open_container": _open_container,
    "may_sign": _may_sign,
    "read_code": _read_code,
    "code": lambda q: QrCode(q["sequence"], data(q, "seed")).text(),
}
