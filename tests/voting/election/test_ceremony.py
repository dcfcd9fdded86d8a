"""Claims about the ceremony's messages: each belongs to one run, round, sender and receiver."""

from __future__ import annotations

import dataclasses
import hashlib
import json

import pytest

from crypto.errors import EncodingError, SukashiError, VerificationError
from crypto.groups import group_by_name
from crypto.signing import SigningKey
from tests.voting.election.office import Office, accept, hold_ceremony
from voting.election.assembly import ceremony_run
from voting.election.ceremony import (
    AcceptMessage,
    CommitMessage,
    OpenMessage,
    Run,
    ShareMessage,
    election_key,
)
from voting.election.documents import canonical, sign_message

GROUP = group_by_name("ristretto255")


@pytest.fixture(scope="module")
def run(shared_office: Office) -> Run:
    return ceremony_run(shared_office.file(), shared_office.parties)


@pytest.fixture
def files(shared_office: Office, run: Run) -> dict[str, bytes]:
    return hold_ceremony(run, shared_office.keys)


def leaf(data: bytes) -> bytes:
    return b"\x01" + len(data).to_bytes(4, "big") + data


def node(*parts: bytes) -> bytes:
    return b"\x00" + len(parts).to_bytes(4, "big") + b"".join(parts)


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def test_names_of_a_run_follow_the_specification(run: Run, files: dict[str, bytes]) -> None:
    assert run.id == sha(
        node(leaf(b"sukashi-run"), leaf(b"kawabe-2027"), leaf(bytes([0, 0, 0, 1])))
    )
    trustees = [node(leaf(t.id.encode()), leaf(bytes.fromhex(t.public_key))) for t in run.trustees]
    assert run.trustees_digest == sha(node(*trustees))
    assert run.commitments_digest(files) == sha(
        node(*(leaf(files[f"1-trustee-{j}.json"]) for j in (1, 2, 3)))
    )
    order = [
        *(f"1-trustee-{j}" for j in (1, 2, 3)),
        "2-trustee-1", "2-trustee-1-to-trustee-2", "2-trustee-1-to-trustee-3",
        "2-trustee-2", "2-trustee-2-to-trustee-1", "2-trustee-2-to-trustee-3",
        "2-trustee-3", "2-trustee-3-to-trustee-1", "2-trustee-3-to-trustee-2",
    ]  # fmt: skip
    assert run.names([1, 2]) == [f"{name}.json" for name in order]
    assert run.transcript(files) == sha(node(*(leaf(files[f"{name}.json"]) for name in order)))


def test_runs_of_other_numbers_and_elections_have_other_names(run: Run) -> None:
    others = [
        dataclasses.replace(run, number=2),
        dataclasses.replace(run, election="other-2027"),
    ]
    assert len({run.id, *(other.id for other in others)}) == 3
    turned = dataclasses.replace(run, trustees=run.trustees[::-1])
    assert turned.trustees_digest != run.trustees_digest


def test_every_message_is_read_in_its_place(run: Run, files: dict[str, bytes]) -> None:
    assert run.read(CommitMessage, files, "trustee-1").sender == "trustee-1"
    assert len(run.read(OpenMessage, files, "trustee-2").commitments) == run.threshold
    assert run.read(ShareMessage, files, "trustee-1", "trustee-3").receiver == "trustee-3"
    with pytest.raises(KeyError):
        run.read(ShareMessage, files, "trustee-1", "trustee-1")


MEMBERS: dict[str, object] = {
    "run": "11" * 32,
    "election": "other-2027",
    "trustees": "11" * 32,
    "round": 1,
    "sender": "trustee-2",
    "receiver": "trustee-2",
    "schema": "sukashi/ceremony/2",
    "surplus": "x",
    "nonce": "short",
}


@pytest.mark.parametrize("member", MEMBERS)
def test_message_with_another_member_is_refused_though_its_sender_signed_it(
    run: Run, files: dict[str, bytes], shared_office: Office, member: str
) -> None:
    plain = json.loads(files["2-trustee-1.json"])
    del plain["signature"]
    changed = {**plain, member: MEMBERS[member]}
    files["2-trustee-1.json"] = sign_message(changed, shared_office.keys["trustee-1"])
    with pytest.raises(SukashiError):
        run.read(OpenMessage, files, "trustee-1")


def test_message_of_another_sender_or_without_signature_is_refused(
    run: Run, files: dict[str, bytes]
) -> None:
    plain = json.loads(files["2-trustee-1.json"])
    del plain["signature"]
    files["2-trustee-1.json"] = sign_message(plain, SigningKey.generate())
    with pytest.raises(VerificationError, match=r"ceremony\.messages"):
        run.read(OpenMessage, files, "trustee-1")
    for signature in ("00" * 64, "AB" * 64, "00", None):
        files["2-trustee-1.json"] = canonical({**plain, "signature": signature})
        with pytest.raises((VerificationError, EncodingError)):
            run.read(OpenMessage, files, "trustee-1")
    files["2-trustee-1.json"] = canonical(plain)
    with pytest.raises(EncodingError):
        run.read(OpenMessage, files, "trustee-1")


def test_message_put_in_the_place_of_another_is_refused(run: Run, files: dict[str, bytes]) -> None:
    files["2-trustee-1-to-trustee-2.json"] = files["2-trustee-1-to-trustee-3.json"]
    with pytest.raises(VerificationError, match="receiver is not that of this run and place"):
        run.read(ShareMessage, files, "trustee-1", "trustee-2")


def test_key_needs_every_trustees_acceptance_of_one_transcript(
    run: Run, files: dict[str, bytes], shared_office: Office
) -> None:
    key = election_key(run, GROUP, files)
    assert key.t == run.threshold
    other = hold_ceremony(run, shared_office.keys)
    files["3-trustee-2.json"] = other["3-trustee-2.json"]
    with pytest.raises(VerificationError, match="accepted other messages or another key") as fault:
        election_key(run, GROUP, files)
    assert (fault.value.check_id, fault.value.where) == ("ceremony.key", "3-trustee-2.json")
    del files["3-trustee-2.json"]
    with pytest.raises(KeyError):
        election_key(run, GROUP, files)


BAD = {"identity": "00" * 32, "no element": "ff" * 32}


@pytest.mark.parametrize("name", BAD)
def test_commitment_that_is_no_element_or_the_identity_is_refused(
    run: Run, files: dict[str, bytes], shared_office: Office, name: str
) -> None:
    keys, plain = shared_office.keys, json.loads(files["2-trustee-1.json"])
    del plain["signature"]
    good = plain["commitments"]
    for commitments in ([BAD[name], good[1]], [good[0], BAD[name]], good[:1], [*good, good[0]]):
        changed = {**plain, "commitments": commitments}
        files["2-trustee-1.json"] = sign_message(changed, keys["trustee-1"])
        accept(files, run, keys, GROUP.g.hex())
        with pytest.raises(SukashiError):
            election_key(run, GROUP, files)


def test_trustee_that_repeats_anothers_commitments_is_refused(
    run: Run, files: dict[str, bytes], shared_office: Office
) -> None:
    copied = json.loads(files["2-trustee-1.json"])["commitments"]
    plain = json.loads(files["2-trustee-2.json"])
    del plain["signature"]
    files["2-trustee-2.json"] = sign_message(
        {**plain, "commitments": copied}, shared_office.keys["trustee-2"]
    )
    accept(files, run, shared_office.keys, GROUP.g.hex())
    assert run.read(AcceptMessage, files, "trustee-3").round == 3
    with pytest.raises(VerificationError, match="two trustees have the same commitment"):
        election_key(run, GROUP, files)
