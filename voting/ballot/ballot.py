"""The ballot (docs/specification.md section 4): building, reading, and opening with the seed."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field

from crypto import byte_tree
from crypto.byte_tree import leaf_str
from crypto.errors import EncodingError, VerificationError
from crypto.proofs import range as range_proof
from crypto.proofs.binding import ballot_prefix, ballot_randomness, nonce_prg, voter_digest
from crypto.proofs.decryption import PlaintextTable
from crypto.proofs.range_statement import EncryptedContest, RangeStatement
from voting.election.contests import Choice, Contest
from voting.election.documents import Document, document_bytes, parse_model
from voting.election.manifest import BallotStyle, Manifest
from voting.election.values import Digest, Identifier, Positive

SEED_BYTES = 32
TOKEN_BYTES = 16


class ContestBallot(Document):
    """One contest: base64 of the byte tree node(C, D, T, S)."""

    id: Identifier
    ballot: str

    @cached_property
    def tree(self) -> byte_tree.Tree:
        """What it encodes. Raises EncodingError."""
        try:
            data = base64.b64decode(self.ballot, validate=True)
        except (binascii.Error, ValueError):
            raise EncodingError(f"contest {self.id} is not base64") from None
        if base64.b64encode(data).decode() != self.ballot:
            raise EncodingError(f"contest {self.id} is not canonical base64")
        return byte_tree.decode(data)


class Anchor(Document):
    """The log that the voter's client saw just before signing."""

    size: Annotated[int, Field(ge=0)]
    root: Digest


class Ballot(Document):
    """ballot.json."""

    schema_: Literal["sukashi/ballot/1"] = Field(alias="schema")
    election: Digest
    style: Identifier
    roll_version: Positive
    contests: tuple[ContestBallot, ...]
    after: Anchor
    fetch: Digest

    @classmethod
    def parse(cls, data: bytes) -> Ballot:
        """Raises EncodingError, also for base64 that is not canonical."""
        ballot = parse_model(cls, data, "ballot.json")
        for contest in ballot.contests:
            _ = contest.tree
        return ballot


def statement(manifest: Manifest, style: str, contest: Contest, identifier: str) -> RangeStatement:
    """What the range proof of one contest must be about; nothing comes from the ballot."""
    E, N, s, total = manifest.digest, contest.range_size, contest.selections, contest.total
    voter, pgroup = voter_digest(E, identifier), manifest.group.pgroup
    rho_b = ballot_prefix(E, style, contest.id, voter, pgroup, N=N, s=s, total=total)
    return RangeStatement(manifest.election_key, N, s, rho_b, total)


def decode_contest(manifest: Manifest, entry: ContestBallot) -> EncryptedContest:
    """The ciphertexts and the proof of one contest. Raises EncodingError."""
    contest = manifest.contest(entry.id)
    return EncryptedContest.decode(
        manifest.crypto_group, entry.tree, contest.range_size, contest.selections, contest.total
    )


def fetch_token(seed: bytes, E: bytes) -> bytes:
    """τ, with which the second device asks for the stored ballot."""
    tree = (leaf_str("sukashi/fetch"), seed, E)
    return hashlib.sha256(byte_tree.encode(tree)).digest()[:TOKEN_BYTES]


def build(
    manifest: Manifest,
    style: BallotStyle,
    identifier: str,
    choices: Mapping[str, Choice],
    seed: bytes,
    *,
    roll_version: int,
    anchor: Anchor,
) -> bytes:
    """ballot.json for these choices (by contest).

    `seed`: 32 fresh secret bytes, for this ballot alone. Raises ValueError for a choice that a
    contest does not have, KeyError for a contest without a choice.
    """
    contests = []
    for contest_id in style.contests:
        contest = manifest.contest(contest_id)
        tree = _encrypt(manifest, style, contest, identifier, choices[contest_id], seed)
        encoded = base64.b64encode(byte_tree.encode(tree)).decode()
        contests.append(ContestBallot(id=contest_id, ballot=encoded))
    ballot = Ballot(
        schema="sukashi/ballot/1",
        election=manifest.digest.hex(),
        style=style.id,
        roll_version=roll_version,
        contests=tuple(contests),
        after=anchor,
        fetch=hashlib.sha256(fetch_token(seed, manifest.digest)).hexdigest(),
    )
    return document_bytes(ballot)


def _encrypt(
    manifest: Manifest,
    style: BallotStyle,
    contest: Contest,
    identifier: str,
    choice: Choice,
    seed: bytes,
) -> byte_tree.Tree:
    key, group = manifest.election_key, manifest.crypto_group
    m = contest.plaintexts(choice)
    r = group.scalars(
        ballot_randomness(group, seed, manifest.digest, contest.id, i) for i in range(len(m))
    )
    what = statement(manifest, style.id, contest, identifier)
    ciphertexts = range_proof.encrypt(key, m, r)
    nonces = nonce_prg(secrets.token_bytes(32), seed, what.rho_b, ciphertexts, m)
    proof = range_proof.prove(what, m, r, nonces)
    return EncryptedContest(ciphertexts, proof).tree()


def open_with_seed(manifest: Manifest, ballot: Ballot, seed: bytes) -> dict[str, Choice]:
    """The choices in a stored ballot, by contest.

    Raises:
        VerificationError: (`verify.opening`) the ballot was not made with this seed, or holds
            something that is no option, or no ciphertexts of its contests.
    """
    if ballot.fetch != hashlib.sha256(fetch_token(seed, manifest.digest)).hexdigest():
        raise VerificationError("verify.opening", "ballot", "it was not made with this seed")
    choices = {}
    for entry in ballot.contests:
        try:
            encrypted = decode_contest(manifest, entry)
        except EncodingError as fault:
            raise VerificationError("verify.opening", entry.id, str(fault)) from fault
        choices[entry.id] = _open(manifest, manifest.contest(entry.id), encrypted, seed)
    return choices


def _open(manifest: Manifest, contest: Contest, encrypted: EncryptedContest, seed: bytes) -> Choice:
    group, y = manifest.crypto_group, manifest.election_key.y
    table = PlaintextTable(group, contest.range_size - 1)
    found: list[int] = []
    for i in range(contest.selections):
        ciphertext = encrypted.ciphertexts[i]
        r = ballot_randomness(group, seed, manifest.digest, contest.id, i)
        if ciphertext.u[0] != group.g**r:
            why = "the ciphertext was not made with this seed"
            raise VerificationError("verify.opening", contest.id, why)
        m = table.lookup(ciphertext.v[0] / y**r)
        if m is None:
            raise VerificationError("verify.opening", contest.id, "it holds no option")
        found.append(m)
    return contest.choice(found)


@dataclass(frozen=True)
class QrCode:
    """What the voter's screen shows to the second device: where the ballot is, and its seed."""

    sequence: int
    seed: bytes

    def __repr__(self) -> str:
        return f"QrCode(sequence={self.sequence})"

    def text(self) -> str:
        return f"SUKASHI1:{self.sequence}:{self.seed.hex()}"

    @classmethod
    def parse(cls, text: str) -> QrCode:
        """Raises EncodingError; a code that names an address is none of ours."""
        found = re.fullmatch(r"SUKASHI1:(0|[1-9][0-9]{0,14}):([0-9a-f]{64})", text)
        if not found:
            raise EncodingError("this is not the code of a ballot")
        return cls(int(found[1]), bytes.fromhex(found[2]))


def token_matches(token: bytes, fetch: str) -> bool:
    """Whether τ is the one a ballot promised; constant time."""
    return hmac.compare_digest(hashlib.sha256(token).hexdigest(), fetch)
