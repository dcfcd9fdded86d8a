"""What the browser makes is accepted unchanged; what it signs and believes, it checked itself."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature

from crypto.tlog import (
    Checkpoint,
    LogProof,
    VerifierKey,
    cosign,
    leaf_hash,
    open_checkpoint,
    sign_checkpoint,
)
from tests.choices import chosen
from tests.client.node import Answering
from tests.voting.acceptance.conftest import Booth
from tests.voting.polls import (
    CHOICES,
    KITA,
    MINAMI,
    Collector,
    Polls,
    identifier,
    receipt_of,
    sign,
    signer_of,
)
from voting.ballot.ballot import Ballot, open_with_seed
from voting.eid.cards import SoftwareCard
from voting.eid.container import parse
from voting.election.documents import canonical
from voting.election.entries import BallotEntry

SEED = "ab" * 32
TIME = "2027-04-02T08:30:00Z"
OTHER = "refused VerificationError"


def manifest_of(polls: Polls) -> dict[str, str]:
    """The members of a question that name the election."""
    manifest = (polls.election / "manifest.json").read_bytes()
    return {"manifest": manifest.decode(), "E": polls.manifest.digest.hex()}


def ballot_question(polls: Polls, voter: int, size: int, root: bytes) -> dict[str, Any]:
    style = "style-minami" if voter == MINAMI else "style-kita"
    choices = {contest: list(choice) for contest, choice in chosen(CHOICES[style]).items()}
    return {
        "ask": "ballot",
        **manifest_of(polls),
        "style": style,
        "identifier": identifier(voter),
        "choices": choices,
        "seed": SEED,
        "roll_version": 1,
        "size": size,
        "root": root.hex(),
    }


def ask(typescript: Answering, question: dict[str, Any]) -> str:
    (said,) = typescript.ask([question])
    return said


def signing_question(ballot: bytes, card: SoftwareCard) -> dict[str, str]:
    return {"data": ballot.hex(), "certificate": card.certificate_der.hex(), "time": TIME}


def raw_signature(key: ec.EllipticCurvePrivateKey, digest: bytes) -> bytes:
    """What a card answers through Web eID, r ‖ s: it gets a digest and nothing else."""
    size = len(digest)
    algorithm = hashes.SHA384() if size == 48 else hashes.SHA256()
    der = key.sign(digest, ec.ECDSA(Prehashed(algorithm)))
    return b"".join(value.to_bytes(size, "big") for value in decode_dss_signature(der))


def container_of(typescript: Answering, ballot: bytes, card: SoftwareCard) -> bytes:
    """Both turns of signing."""
    question = signing_question(ballot, card)
    digest = bytes.fromhex(ask(typescript, {"ask": "to_sign", **question}))
    value = raw_signature(card.secret_key, digest)
    return bytes.fromhex(ask(typescript, {"ask": "container", **question, "value": value.hex()}))


def ballot_of(typescript: Answering, polls: Polls, size: int, root: bytes) -> bytes:
    return bytes.fromhex(ask(typescript, ballot_question(polls, KITA, size, root)))


# -- ballots ------------------------------------------------------------------------------------


@pytest.mark.parametrize("voter", [KITA, MINAMI])
def test_ballots_of_the_browser_are_accepted_and_open_with_their_seed(
    typescript: Answering, booth: Booth, voter: int
) -> None:
    polls, size = booth.polls, booth.ledger.size
    question = ballot_question(polls, voter, size, booth.ledger.root_at(size))
    ballot = bytes.fromhex(ask(typescript, question))
    accepted = booth.accept(container_of(typescript, ballot, polls.issue(voter)))
    assert accepted.identifier == identifier(voter)
    assert open_with_seed(polls.manifest, accepted.ballot, bytes.fromhex(SEED)) == chosen(
        CHOICES[question["style"]]
    )


def test_two_ballots_with_one_seed_have_the_same_ciphertexts_and_other_proofs(
    typescript: Answering, polls: Polls
) -> None:
    one, two = (ballot_of(typescript, polls, 1, bytes(32)) for _ in range(2))
    assert one != two
    for a, b in zip(Ballot.parse(one).contests, Ballot.parse(two).contests, strict=True):
        assert a.ballot[:100] == b.ballot[:100]


def test_choice_that_there_is_not_makes_no_ballot(typescript: Answering, polls: Polls) -> None:
    question = ballot_question(polls, KITA, 1, bytes(32))
    for contest, choice in (("mayor", [99]), ("mayor", [1, 2]), ("assembly-kita", [-1])):
        choices = {**question["choices"], contest: choice}
        assert ask(typescript, {**question, "choices": choices}) == "refused RangeError"
    (contest, choice), *_ = question["choices"].items()
    assert ask(typescript, {**question, "choices": {contest: choice}}) == "refused RangeError"


def test_manifest_of_another_digest_is_refused(typescript: Answering, polls: Polls) -> None:
    question = {"ask": "manifest", **manifest_of(polls)}
    assert polls.manifest.log_key.vkey() in ask(typescript, question)
    members = json.loads(question["manifest"])
    changed = canonical({**members, "privacy_minimum": 1})
    assert ask(typescript, {**question, "manifest": changed.decode()}) == OTHER
    refused: dict[str, dict[str, Any]] = {
        "another schema": {"schema": "sukashi/manifest/2"},
        "another group": {"group": {"name": "modp-3072", "pgroup": "x"}},
        "another name of the group": {"group": {**members["group"], "pgroup": "x"}},
        "a member more": {"more": 1},
    }
    for change in refused.values():
        data = canonical({**members, **change})
        told = {"manifest": data.decode(), "E": hashlib.sha256(data).hexdigest()}
        assert ask(typescript, {"ask": "manifest", **told}) == "refused EncodingError"


# -- signing ------------------------------------------------------------------------------------


def test_container_is_byte_for_byte_that_of_python(typescript: Answering, booth: Booth) -> None:
    card, ballot = booth.polls.issue(KITA), booth.ballot()
    ours = parse(container_of(typescript, ballot, card), "ballot.json", 1 << 24)
    theirs = parse(sign(ballot, "ballot.json", card), "ballot.json", 1 << 24)
    (signature,) = ours.signatures
    assert signature.signing_time == TIME
    again = dataclasses.replace(
        theirs.signatures[0], signing_time=TIME, value=signature.value
    )  # the values that may differ
    assert dataclasses.replace(theirs, signatures=(again,)).encode() == ours.encode()


def test_signature_that_is_not_over_this_ballot_is_noticed(
    typescript: Answering, booth: Booth
) -> None:
    card, ballot = booth.polls.issue(KITA), booth.ballot()
    question = signing_question(ballot, card)
    digest = bytes.fromhex(ask(typescript, {"ask": "to_sign", **question}))
    good = raw_signature(card.secret_key, digest)
    others = {
        "another digest": raw_signature(card.secret_key, digest[::-1]),
        "another card": raw_signature(booth.polls.issue(MINAMI).secret_key, digest),
        "cut": good[:-1],
        "longer": good + b"\0",
        "nothing": b"",
        "zeros": bytes(len(good)),
    }
    for claim, value in others.items():
        asked = {"ask": "container", **question, "value": value.hex()}
        assert ask(typescript, asked) == OTHER, claim


def test_identifier_of_another_person_is_noticed(typescript: Answering, polls: Polls) -> None:
    question = {"ask": "identifier", "certificate": polls.issue(KITA).certificate_der.hex()}
    assert ask(typescript, {**question, "identifier": identifier(KITA)}) == "holds"
    for other in (identifier(MINAMI), "", identifier(KITA)[1:], "0" + identifier(KITA)):
        assert ask(typescript, {**question, "identifier": other}) == OTHER, other


# -- the log ------------------------------------------------------------------------------------


def test_receipt_of_witnesses_and_log_is_taken(typescript: Answering, witnessed: Collector) -> None:
    polls = witnessed.polls
    receipt_of(witnessed.submit(witnessed.ballot(MINAMI)))  # so there is a cosigned head
    head = witnessed.reading.checkpoint()
    assert head is not None
    seen = open_checkpoint(head, polls.manifest.log_key)
    anchor = ask(typescript, {"ask": "anchor", **manifest_of(polls), "data": head.hex()})
    assert anchor == f"{seen.size} {seen.root.hex()}"
    ballot = ballot_of(typescript, polls, seen.size, seen.root)
    container = container_of(typescript, ballot, polls.issue(KITA))
    assert signer_of(container) == identifier(KITA)
    stored = witnessed.submit(container)
    receipt = receipt_of(stored)
    question = receipt_question(polls, receipt, container)
    time = witnessed.home.ledger().time_of(stored.sequence).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert ask(typescript, question).startswith(f"{stored.sequence} {time} of ")
    for claim, lie in lies(receipt).items():
        assert ask(typescript, {**question, "data": lie.hex()}) == OTHER, claim
    changed = container[:-1] + bytes([container[-1] ^ 1])
    assert ask(typescript, {**question, "container": changed.hex()}) == OTHER


def receipt_question(polls: Polls, receipt: bytes, container: bytes) -> dict[str, Any]:
    told = {"data": receipt.hex(), "container": container.hex()}
    return {"ask": "receipt", **manifest_of(polls), **told}


def lies(receipt: bytes) -> dict[str, bytes]:
    """Receipts that show less than they should."""
    proof = LogProof.parse(receipt)
    lines = proof.checkpoint.signatures
    log, *witnesses = lines
    entry = json.loads(proof.extra or b"")

    def with_lines(*kept: Any) -> bytes:
        note = dataclasses.replace(proof.checkpoint, signatures=kept)
        return dataclasses.replace(proof, checkpoint=note).encode()

    def with_entry(**changes: object) -> bytes:
        return dataclasses.replace(proof, extra=canonical({**entry, **changes})).encode()

    return {
        "two witnesses of the three required": with_lines(log, *witnesses[:2]),
        "not signed by the log": with_lines(*witnesses),
        "another container": with_entry(container="00" * 32),
        "another place": dataclasses.replace(proof, index=proof.index + 1).encode(),
        "another kind": with_entry(kind="access"),
        "a member more": with_entry(more=1),
        "no entry": dataclasses.replace(proof, extra=None).encode(),
        "a day that there is not": with_entry(time="2027-02-30T00:00:00Z"),
        "another hash": dataclasses.replace(proof, hashes=(bytes(32), *proof.hashes[1:])).encode(),
        "no receipt": b"",
        "cut": receipt[:-1],
    }


@pytest.mark.parametrize(("seconds", "counts"), [(0, True), (300, True), (301, False)])
def test_cosignature_from_before_the_entry_counts_for_nothing(
    typescript: Answering, witnessed_polls: Polls, seconds: int, counts: bool
) -> None:
    polls, manifest = witnessed_polls, witnessed_polls.manifest
    entry = BallotEntry(
        sequence=0,
        time=TIME,
        previous="00" * 32,
        container=hashlib.sha256(b"container").hexdigest(),
        qualification="11" * 32,
    ).serialise()
    head = Checkpoint(manifest.origin, 1, leaf_hash(entry))
    at = int(dt.datetime.fromisoformat(TIME).timestamp()) - seconds
    lines = [
        cosign(head, polls.office.keys[member.id], member.key_name, at)
        for member in manifest.parties.witnesses.members[:3]
    ]
    note = sign_checkpoint(head, polls.log_key).with_signatures(*lines)
    receipt = LogProof(0, (), note, entry).encode()
    said = ask(typescript, receipt_question(polls, receipt, b"container"))
    assert said == (f"0 {TIME} of 1" if counts else OTHER)


def test_receipt_of_another_log_is_refused(typescript: Answering, collector: Collector) -> None:
    container = collector.ballot()
    receipt = receipt_of(collector.submit(container))
    question = receipt_question(collector.polls, receipt, container)
    assert not ask(typescript, question).startswith("refused")
    proof, polls = LogProof.parse(receipt), collector.polls
    key = VerifierKey("other.example/log", polls.log_key.public_key)
    text = proof.checkpoint.text.replace(polls.manifest.origin, key.name)
    note = dataclasses.replace(proof.checkpoint, text=text, signatures=())
    fork = dataclasses.replace(proof, checkpoint=note.signed_by(polls.log_key, key.name))
    assert ask(typescript, {**question, "data": fork.encode().hex()}) == OTHER
