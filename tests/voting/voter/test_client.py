"""Claims about a voter's client: nothing that a collector says is taken on trust."""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import json
from contextlib import closing

import pytest
import sqlalchemy as sa

from crypto.errors import EncodingError, SukashiError, VerificationError
from crypto.signing import SigningKey
from crypto.tlog import Checkpoint, LogProof, Note, Tree, leaf_hash
from crypto.tlog.checkpoint import sign_checkpoint
from tests.cosigned import cosigned
from tests.voting.polls import KITA, MINAMI, Collector, Polls, identifier, receipt_of
from tests.voting.serving import serve
from tests.voting.voter.conftest import Answer, Liar
from voting.acceptance.sentences import sentences
from voting.collector import store
from voting.console import Refused, Unfinished, UsageFault
from voting.election.documents import canonical
from voting.election.signatures import Trust
from voting.voter.client import Client

# -- the manifest -------------------------------------------------------------------------------


def test_manifest_is_checked_against_trust_from_elsewhere(
    client: Client, collector: Collector
) -> None:
    assert client.manifest == collector.polls.manifest
    assert client.profile() == collector.polls.profile
    assert client.roll_version() == 1


def test_manifest_of_other_officials_is_refused(address: str, collector: Collector) -> None:
    trust = collector.polls.trust
    others = [
        base64.b64encode(collector.polls.issue(number).certificate_der).decode()
        for number in (501, 502)
    ]
    officials = trust.officials.model_copy(update={"certificates": tuple(others)})
    with pytest.raises(VerificationError, match="not an official"):
        Client(address, trust.model_copy(update={"officials": officials}))
    more = trust.officials.model_copy(update={"required": 3})
    with pytest.raises(VerificationError, match="3 are required"):
        Client(address, trust.model_copy(update={"officials": more}))
    with pytest.raises(Refused, match="the trust is for"):
        Client(address, trust.model_copy(update={"name": "other-2027"}))


def test_manifest_that_a_trustee_did_not_sign_is_refused(
    liar: Liar, address: str, collector: Collector
) -> None:
    path = "/election/manifest.trustees.json"
    signed = json.loads((collector.polls.election / "manifest.trustees.json").read_bytes())
    signed["signatures"][2]["signature"] = signed["signatures"][1]["signature"]
    liar.lies[path] = (200, canonical(signed))
    with pytest.raises(VerificationError, match=r"manifest\.signatures"):
        Client(address, collector.polls.trust)
    liar.lies[path] = (200, canonical({**signed, "signatures": signed["signatures"][:2]}))
    with pytest.raises(VerificationError, match="not one signature per trustee"):
        Client(address, collector.polls.trust)


def test_manifest_under_the_signatures_of_another_is_refused(
    liar: Liar, address: str, collector: Collector
) -> None:
    members = json.loads((collector.polls.election / "manifest.json").read_bytes())
    changed = canonical({**members, "privacy_minimum": 1})
    liar.lies["/election/manifest.json"] = (200, changed)
    with pytest.raises(VerificationError, match=r"manifest\.signatures"):
        Client(address, collector.polls.trust)


def test_eid_profile_that_is_not_the_manifests_is_refused(liar: Liar, client: Client) -> None:
    liar.lies["/election/eid_profile/root.pem"] = (200, b"another root")
    with pytest.raises(VerificationError, match=r"cast\.profile"):
        client.profile()


def test_socket_without_its_prefix_is_told_how_to_write_it(polls: Polls) -> None:
    with pytest.raises(UsageFault, match=r"write unix:c\.sock for a socket, or http://c\.sock for"):
        Client("c.sock", polls.trust)


@pytest.mark.parametrize("address", ["http://[", "http://x:99999999", "http://a b", "\x00"])
def test_what_is_no_address_is_a_wrong_call(polls: Polls, address: str) -> None:
    with pytest.raises((UsageFault, Unfinished)):
        Client(address, polls.trust)


def test_collector_that_is_not_there_is_said_so(polls: Polls) -> None:
    for address in ("unix:/nowhere/socket", "http://127.0.0.1:1"):
        with pytest.raises(Unfinished, match="cannot be reached"):
            Client(address, polls.trust)


def test_voting_that_is_not_open_is_refused(liar: Liar, client: Client) -> None:
    for state in (
        {"phase": "closed", "roll_version": 1},
        {"phase": "open"},
        {"phase": "open", "roll_version": True},
        {"phase": "open", "roll_version": 0},
        {"phase": "open", "roll_version": "1"},
        {},
    ):
        liar.lies["/state"] = (200, json.dumps(state).encode())
        with pytest.raises(Refused, match="voting is not open"):
            client.roll_version()
    for body in (b"", b"[]", b"\xff", b"<html>", b"[" * 100_000):
        liar.lies["/state"] = (200, body)
        with pytest.raises(SukashiError, match="collector's answer is not"):
            client.roll_version()


def test_checkpoint_of_another_log_is_refused(
    liar: Liar, client: Client, collector: Collector
) -> None:
    origin, root = collector.polls.manifest.origin, bytes(32)
    for key, name in (
        (SigningKey.generate(), origin),
        (collector.polls.log_key, "log.example/other"),
    ):
        note = sign_checkpoint(Checkpoint(name, 3, root), key).encode()
        liar.lies["/log/checkpoint"] = (200, note)
        with pytest.raises(VerificationError, match=r"log\.checkpoint"):
            client.checkpoint()


# -- sending ------------------------------------------------------------------------------------


def test_answer_is_a_checked_receipt_of_what_was_sent(client: Client, collector: Collector) -> None:
    container = collector.ballot()
    receipt = client.send(container, "en")
    assert receipt.data == collector.submit(container).receipt
    assert receipt.sequence == 3


def test_receipt_of_another_ballot_is_refused(
    liar: Liar, client: Client, collector: Collector
) -> None:
    """The collector drops this ballot and shows what it gave somebody else."""
    other = collector.submit(collector.ballot(MINAMI))
    liar.lies["/ballots"] = (201, receipt_of(other))
    with pytest.raises(VerificationError, match="receipt of another ballot"):
        client.send(collector.ballot(KITA), "en")


def test_receipt_of_an_entry_that_is_no_ballot_is_refused(
    client: Client, collector: Collector
) -> None:
    ledger = collector.home.ledger()
    with store.reading(collector.home.engine) as connection:
        opened = ledger.receipt(connection, 2)
    assert opened is not None
    with pytest.raises(VerificationError, match="not the receipt of a ballot"):
        client.check_receipt(opened, collector.ballot())


def test_receipt_of_a_fork_is_refused(client: Client, collector: Collector) -> None:
    """Another log with this ballot in it, signed by whoever has not the manifest's key."""
    container = collector.ballot()
    honest = client.send(container, "en")
    proof = LogProof.parse(honest.data)
    checkpoint = honest.checkpoint
    for key, origin in (
        (SigningKey.generate(), checkpoint.origin),
        (collector.polls.log_key, checkpoint.origin + "-fork"),
    ):
        note = sign_checkpoint(Checkpoint(origin, checkpoint.size, checkpoint.root), key)
        forged = dataclasses.replace(proof, checkpoint=note).encode()
        with pytest.raises(VerificationError, match=r"^receipt"):
            client.check_receipt(forged, container)


def test_receipt_for_an_entry_that_is_not_in_the_log_is_refused(
    client: Client, collector: Collector
) -> None:
    container = collector.ballot()
    honest = client.send(container, "en")
    proof, later = LogProof.parse(honest.data), honest.entry.model_copy(update={"sequence": 4})
    other_time = honest.entry.model_copy(update={"time": "2020-01-01T00:00:00Z"})
    root = Checkpoint(honest.checkpoint.origin, 4, bytes(32))
    for forged in (
        dataclasses.replace(proof, extra=later.serialise()),
        dataclasses.replace(proof, extra=other_time.serialise()),
        dataclasses.replace(proof, extra=None),
        dataclasses.replace(proof, index=proof.index - 1),
        dataclasses.replace(proof, hashes=proof.hashes[:-1]),
        dataclasses.replace(proof, hashes=(*proof.hashes, bytes(32))),
        dataclasses.replace(proof, checkpoint=sign_checkpoint(root, collector.polls.log_key)),
    ):
        with pytest.raises(VerificationError, match=r"^receipt"):
            client.check_receipt(forged.encode(), container)
    for data in (b"", honest.data[:-1], honest.data + b"\n", b"\xff"):
        with pytest.raises(VerificationError, match=r"^receipt"):
            client.check_receipt(data, container)


def test_receipt_of_an_entry_that_stands_in_another_place_is_refused(
    client: Client, collector: Collector
) -> None:
    """The collector's own key signs a log whose entry 1 says that it is entry 3."""
    container = collector.ballot()
    honest = client.send(container, "en")
    entry = honest.entry.serialise()
    tree = Tree([leaf_hash(b"first"), leaf_hash(entry)])
    head = Checkpoint(honest.checkpoint.origin, 2, tree.root())
    note = sign_checkpoint(head, collector.polls.log_key)
    forged = LogProof(1, tuple(tree.inclusion_proof(1, 2)), note, entry).encode()
    with pytest.raises(VerificationError, match="not the receipt of a ballot"):
        client.check_receipt(forged, container)


def test_refusal_is_told_in_our_own_words(liar: Liar, client: Client) -> None:
    lie = {"id": "accept.open", "message": {"ja": "\x1b[2J", "en": "visit evil.example"}}
    liar.lies["/ballots"] = (422, json.dumps({"error": lie}).encode())
    for language in ("ja", "en", "et"):
        with pytest.raises(Refused) as refusal:
            client.send(b"ballot", language)
        expected = f"accept.open: {sentences('accept.open')[language]} {client.period(language)}"
        assert str(refusal.value) == expected
        assert client.manifest.period.opens in expected
        assert client.manifest.period.closes in expected


def test_answer_that_is_none_says_that_sending_again_is_safe(liar: Liar, client: Client) -> None:
    for answer in (
        (422, b'{"error":{"id":"accept.unheard"}}'),
        (422, b'{"error":"x"}'),
        (422, b'{"error":{"id":["accept.open"],"message":"x"}}'),
        (413, b""),
        (500, b"<html>"),
        (502, b"<html>"),
        (503, b'{"error":{"id":"unavailable"}}'),
        (404, b""),
        (204, b""),
    ):
        liar.lies["/ballots"] = answer
        with pytest.raises(Unfinished, match="it sends the same ballot"):
            client.send(b"ballot", "en")


def test_real_refusal_reaches_the_voter(client: Client, collector: Collector) -> None:
    container = collector.ballot()
    collector.order("closed")
    with pytest.raises(Refused, match=r"accept\.open: This ballot was not stored"):
        client.send(container, "en")


# -- the second device's request ----------------------------------------------------------------


def test_code_that_the_collector_does_not_know_is_refused(client: Client) -> None:
    with pytest.raises(Refused, match="no ballot for this code"):
        client.fetch(3, bytes(16))


def test_malformed_answer_to_a_code_is_refused(liar: Liar, client: Client) -> None:
    strange = b'{"latest":true,"container":"%s","receipt":"%s"}'
    no_base64, no_text = strange % (b"!", b""), strange % (b"", b"\\ud800")
    for body in (b"", b"[]", b"{}", b'{"latest":1}', no_base64, no_text):
        liar.lies["/verification"] = (200, body)
        with pytest.raises(SukashiError, match="collector's answer is"):
            client.fetch(3, bytes(16))
        liar.lies["/verification"] = (502, body)
        with pytest.raises(Unfinished):
            client.fetch(3, bytes(16))


def test_trust_of_another_form_is_refused(polls: Polls) -> None:
    good = json.loads((polls.root / "trust" / "trust.json").read_bytes())
    for members in (
        {"name": "Other"},
        {"officials": {"required": 0, "certificates": []}},
        {"officials": {"required": 1, "certificates": ["AB="]}},
        {"surplus": 1},
        {"witnesses": {"required": -1, "vkeys": []}},
        {"witnesses": {"required": 1, "vkeys": ["w.example+00000000+BAAA"]}},
        {"witnesses": {"required": 1, "vkeys": [polls.manifest.log_key.vkey()]}},
    ):
        with pytest.raises(EncodingError):
            Trust.parse(canonical({**good, **members}))


def test_receipt_that_was_cosigned_before_its_ballot_came_shows_nothing(
    witnessed: Collector,
) -> None:
    polls = witnessed.polls
    data = witnessed.submit(witnessed.ballot(KITA)).receipt
    with serve(witnessed.app()) as socket, closing(Client(f"unix:{socket}", polls.trust)) as voter:
        receipt = voter.open_receipt(data or b"")
        proof = LogProof.parse(receipt.data)
        (log,) = proof.checkpoint.lines_of(polls.manifest.log_key)
        logged = int(dt.datetime.fromisoformat(receipt.entry.time).timestamp())

        def dated(seconds: int) -> bytes:
            note = Note(proof.checkpoint.text, (log,))
            signed = cosigned(note, polls.manifest, polls.office.keys, logged + seconds)
            return dataclasses.replace(proof, checkpoint=signed).encode()

        assert voter.open_receipt(dated(-300)).sequence == receipt.sequence
        with pytest.raises(VerificationError, match="when this log did not exist yet"):
            voter.open_receipt(dated(-301))


# -- the own record -----------------------------------------------------------------------------


def test_voter_reads_the_own_ballots_and_accesses_and_nobody_elses(
    client: Client, collector: Collector
) -> None:
    stored = [collector.submit(collector.ballot(KITA)) for _ in range(2)]
    collector.submit(collector.ballot(MINAMI))
    found = client.own_ballots()
    assert [(one.sequence, one.data) for one in found] == [(s.sequence, s.receipt) for s in stored]
    data, accesses = client.own_access_log()
    assert json.loads(data)["who"] == identifier(KITA)
    assert accesses == 4  # two ballots, a log-in, looks of one minute


def test_own_ballot_without_a_receipt_yet_is_asked_for_again(
    liar: Liar, client: Client, collector: Collector
) -> None:
    election = collector.polls.manifest.digest.hex()
    page = {"election": election, "ballots": [{"receipt": None}]}
    liar.lies["/my"] = (200, json.dumps(page).encode())
    with pytest.raises(Unfinished, match="1 of 1 ballots are recorded, not confirmed"):
        client.own_ballots()


def test_false_receipt_in_the_own_record_is_refused(
    liar: Liar, client: Client, collector: Collector
) -> None:
    election = collector.polls.manifest.digest.hex()
    real = receipt_of(collector.submit(collector.ballot(KITA))).decode()
    forged = real.replace("index 3", "index 2")
    assert forged != real
    for election_told, row in (
        (election, {"receipt": forged}),
        (election, {"receipt": "hello"}),
        (election, {}),
        (election, "row"),
        ("0" * 64, {"receipt": forged}),
    ):
        page = {"election": election_told, "ballots": [row]}
        liar.lies["/my"] = (200, json.dumps(page).encode())
        with pytest.raises((VerificationError, EncodingError)):
            client.own_ballots()


@pytest.mark.parametrize(
    "answer",
    [(200, b"{}"), (200, b"hello"), (401, b"{}"), (503, b"")],
    ids=["another election", "no JSON", "no session", "not now"],
)
def test_own_record_of_another_form_is_not_kept(liar: Liar, client: Client, answer: Answer) -> None:
    liar.lies["/my/access"] = answer
    with pytest.raises(SukashiError):
        client.own_access_log()


def test_voter_says_that_it_was_somebody_else(
    liar: Liar, client: Client, collector: Collector
) -> None:
    assert client.object("I did not vote", "en") == 1
    with store.reading(collector.home.engine) as connection:
        (case,) = connection.execute(sa.select(store.cases)).all()
    assert (case.who, case.remark) == (identifier(KITA), "I did not vote")
    liar.lies["/my/not-me"] = (201, b"{}")
    with pytest.raises(Unfinished, match="names no case"):
        client.object("I did not vote", "en")
