"""Claims about the key ceremony, played by three trustees with a folder each."""

from __future__ import annotations

import base64
import shutil
from itertools import combinations
from typing import Any

import pytest

from crypto.errors import SukashiError
from crypto.sealed import WrongPassphraseError
from crypto.threshold import lagrange_coefficients
from tally.ceremony import run as ceremony
from tests.tally.ceremony.conftest import GROUP, AfterRound, Trustees
from tests.tally.small_election import TRUSTEES
from voting.console import Refused, UsageFault
from voting.election.ceremony import file_name
from voting.election.documents import parse_canonical, sign_message


def refuse(there: Trustees, trustee: str, *words: str) -> None:
    """The trustee's next step refuses with these words."""
    with pytest.raises(SukashiError) as fault:
        there.step(trustee)
    for word in words:
        assert word in str(fault.value)


# -- the honest ceremony ---------------------------------------------------------------------------


def test_two_of_three_ends_with_one_key_and_every_share_fits(after_round: AfterRound) -> None:
    there = after_round(5)
    shares = {trustee: there.share(trustee) for trustee in TRUSTEES}
    found = [share for share in shares.values() if share is not None]
    assert len({bytes(share.key.y.tree()) for share in found}) == 1  # type: ignore[arg-type]
    assert len({share.transcript for share in found}) == 1
    assert [share.number for share in found] == [1, 2, 3]
    for share in found:
        assert GROUP.g**share.secret_x == share.key.share_key(share.number)
    for quorum in combinations(found, 2):
        weights = lagrange_coefficients(GROUP, [share.number for share in quorum])
        x = quorum[0].secret_x * weights[quorum[0].number]
        x = x + quorum[1].secret_x * weights[quorum[1].number]
        assert GROUP.g**x == quorum[0].key.y


def test_exchange_holds_the_messages_of_the_run_and_nothing_else(after_round: AfterRound) -> None:
    there = after_round(5)
    assert sorted(there.messages()) == sorted(there.run().names([1, 2, 3, 4]))


def test_only_the_share_remains_of_the_secrets(after_round: AfterRound) -> None:
    there = after_round(5)
    for trustee in TRUSTEES:
        left = {path.name for path in there.home(trustee).glob("*.sealed")}
        assert left == {"key.sealed", "share.sealed"}


def test_trustee_that_waits_names_whom_for(after_round: AfterRound) -> None:
    there = after_round(0)
    step = there.step("trustee-2")
    assert step.facts == {
        "run": 1,
        "round": 1,
        "waiting_for": ["trustee-1", "trustee-3"],
    }
    assert list(there.messages()) == ["1-trustee-2.json"]


def test_trustees_that_come_one_by_one_end_the_same(after_round: AfterRound) -> None:
    there = after_round(0)
    for trustee in ("trustee-3", "trustee-1", "trustee-2", "trustee-1") * 4:
        there.step(trustee)
    keys = {there.step(trustee).facts["key"] for trustee in TRUSTEES}
    assert len(keys) == 1


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_step_run_again_changes_nothing(after_round: AfterRound, number: int) -> None:
    there = after_round(number)
    before = there.files()
    others = set(TRUSTEES) - {"trustee-1"}
    for trustee in others:  # only who has nothing new to read
        for name in there.run().names([number]):
            if name.startswith(f"{number}-trustee-1"):
                (there.exchange / name).unlink(missing_ok=True)
        there.step(trustee)
    after = there.files()
    assert {path: after[path] for path in after} == {
        path: before[path] for path in before if path in after
    }


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_step_killed_before_it_published_publishes_the_same_bytes(
    after_round: AfterRound, number: int
) -> None:
    there = after_round(number)
    before = there.messages()
    for name in before:
        if name.startswith(f"{number}-trustee-1"):
            (there.exchange / name).unlink()
    there.step("trustee-1")
    after = there.messages()
    assert {name: after[name] for name in before} == before


def test_step_killed_in_the_exchange_folder_leaves_no_draft(after_round: AfterRound) -> None:
    there = after_round(1)
    (there.exchange / ".1-trustee-1.json.x7").write_bytes(b"half")
    (there.exchange / ".1-trustee-2.json.x7").write_bytes(b"somebody else is writing")
    there.step("trustee-1")
    drafts = [path.name for path in there.exchange.glob(".*")]
    assert drafts == [".1-trustee-2.json.x7"]


def test_step_killed_before_it_kept_its_messages_uses_the_same_secrets(
    after_round: AfterRound,
) -> None:
    there = after_round(1)
    before = there.messages()
    shutil.rmtree(there.home("trustee-1") / "ceremony")
    (there.exchange / "1-trustee-1.json").unlink()
    there.step("trustee-1")
    assert there.messages()["1-trustee-1.json"] == before["1-trustee-1.json"]


# -- one home, one key -----------------------------------------------------------------------------


def test_home_with_a_share_begins_no_second_run(after_round: AfterRound) -> None:
    there = after_round(5)
    before = there.files()
    with pytest.raises(Refused, match="one home serves one key"):
        there.step("trustee-1", run=2, exchange=there.root / "second")
    assert there.files() == before


def test_second_run_in_the_first_ones_folder_is_refused(after_round: AfterRound) -> None:
    there = after_round(1)
    before = there.messages()
    with pytest.raises(Refused, match="belongs to another run"):
        there.step("trustee-1", run=2)
    assert there.messages() == before


def test_new_run_after_a_void_one_has_new_secrets_and_ends(after_round: AfterRound) -> None:
    there = after_round(1)
    second = there.root / "second"
    for _ in range(5):
        there.round(run=2, exchange=second)
    share = there.share("trustee-1")
    assert share is not None
    assert share.run == 2
    first = parse_canonical(there.messages()["1-trustee-1.json"], "")
    again = parse_canonical((second / "1-trustee-1.json").read_bytes(), "")
    assert first["commitment"] != again["commitment"]
    assert first["encryption_key"] != again["encryption_key"]


# -- false messages that everybody can judge -------------------------------------------------------


def other_commitments(there: Trustees) -> None:
    message = parse_canonical(there.messages()["2-trustee-2.json"], "")
    there.forge("2-trustee-2.json", commitments=message["commitments"][::-1])


def identity_commitment(there: Trustees) -> None:
    message = parse_canonical(there.messages()["2-trustee-2.json"], "")
    there.forge("2-trustee-2.json", commitments=["00" * 32, message["commitments"][1]])


def one_commitment_too_many(there: Trustees) -> None:
    message = parse_canonical(there.messages()["2-trustee-2.json"], "")
    there.forge("2-trustee-2.json", commitments=[*message["commitments"], "00" * 32])


def commitment_outside_the_group(there: Trustees) -> None:
    there.forge("2-trustee-2.json", commitments=["ff" * 32, "ff" * 32])


def other_nonce(there: Trustees) -> None:
    there.forge("2-trustee-2.json", nonce="00" * 32)


def proof_of_another(there: Trustees) -> None:
    message = parse_canonical(there.messages()["2-trustee-3.json"], "")
    there.forge("2-trustee-2.json", proof=message["proof"])


def proof_with_a_scalar_too_large(there: Trustees) -> None:
    message = parse_canonical(there.messages()["2-trustee-2.json"], "")
    there.forge("2-trustee-2.json", proof={**message["proof"], "reply": "ff" * 32})


def share_of_another_trustee(there: Trustees) -> None:
    share = there.secrets("trustee-2").shares[2].tree()
    assert isinstance(share, bytes)
    there.forge_share("trustee-2", "trustee-1", share)


def share_that_is_no_scalar(there: Trustees) -> None:
    there.forge_share("trustee-2", "trustee-1", b"\xff" * 32)


def share_that_is_too_short(there: Trustees) -> None:
    there.forge_share("trustee-2", "trustee-1", b"")


def share_that_is_not_encrypted(there: Trustees) -> None:
    name = file_name(2, "trustee-2", "trustee-1")
    there.forge(name, share=base64.b64encode(b"1" * 72).decode())


def share_that_is_not_base64(there: Trustees) -> None:
    there.forge(file_name(2, "trustee-2", "trustee-1"), share="=")


def share_that_is_not_even_ascii(there: Trustees) -> None:
    there.forge(file_name(2, "trustee-2", "trustee-1"), share="葵")


FALSE_MESSAGES = {
    "opening": [
        other_commitments,
        identity_commitment,
        one_commitment_too_many,
        commitment_outside_the_group,
        other_nonce,
    ],
    "proof": [proof_of_another, proof_with_a_scalar_too_large],
    "share": [
        share_of_another_trustee,
        share_that_is_no_scalar,
        share_that_is_too_short,
        share_that_is_not_encrypted,
        share_that_is_not_base64,
        share_that_is_not_even_ascii,
    ],
}
CASES = [
    pytest.param(reason, make, id=make.__name__)
    for reason, makers in FALSE_MESSAGES.items()
    for make in makers
]


@pytest.mark.parametrize(("reason", "make"), CASES)
def test_false_message_ends_the_run_and_everybody_blames_its_sender(
    after_round: AfterRound, reason: str, make: Any
) -> None:
    there = after_round(2)
    make(there)
    refuse(there, "trustee-1", "trustee-2 broke the protocol", reason, "--run 2")
    complaint = parse_canonical(there.messages()["complaint-trustee-1.json"], "")
    assert (complaint["against"], complaint["reason"]) == ("trustee-2", reason)
    assert complaint["encryption_secret"] == there.secrets("trustee-1").box.secret_bytes().hex()
    for trustee in TRUSTEES:
        refuse(there, trustee, "is void: trustee-1 complained", "trustee-2 broke the protocol")
        assert there.share(trustee) is None
    assert not [name for name in there.messages() if name.startswith(("3-", "4-"))]


def test_complaint_is_published_again_unchanged(after_round: AfterRound) -> None:
    there = after_round(2)
    share_of_another_trustee(there)
    refuse(there, "trustee-1", "broke the protocol")
    data = there.messages()["complaint-trustee-1.json"]
    (there.exchange / "complaint-trustee-1.json").unlink()
    refuse(there, "trustee-1", "is void")
    assert there.messages()["complaint-trustee-1.json"] == data


# -- complaints that are false ---------------------------------------------------------------------


def complain(there: Trustees, sender: str, **changes: object) -> None:
    """A complaint that this trustee has no reason for."""
    members = {
        **there.run().members(3, sender),
        "against": "trustee-2",
        "reason": "share",
        "encryption_secret": there.secrets(sender).box.secret_bytes().hex(),
        **changes,
    }
    data = sign_message(members, there.keys[sender])
    (there.exchange / f"complaint-{sender}.json").write_bytes(data)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"reason": "opening"},
        {"reason": "proof"},
        {"encryption_secret": "11" * 32},
        {"against": "trustee-3"},
        {"against": "trustee-9"},
    ],
)
def test_false_complaint_ends_the_run_and_blames_the_complainant(
    after_round: AfterRound, changes: dict[str, object]
) -> None:
    there = after_round(2)
    complain(there, "trustee-3", **changes)
    refuse(there, "trustee-1", "is void: trustee-3 complained", "that trustee-3 broke the protocol")


def test_complaint_against_oneself_blames_oneself(after_round: AfterRound) -> None:
    there = after_round(2)
    complain(there, "trustee-3", against="trustee-3")
    refuse(there, "trustee-1", "that trustee-3 broke the protocol")


@pytest.mark.parametrize("number", [1, 4])
def test_complaint_at_another_time_makes_no_key(after_round: AfterRound, number: int) -> None:
    there = after_round(number)
    complain(there, "trustee-3")
    with pytest.raises(Refused, match=r"void|cannot be judged"):
        there.step("trustee-1")
    assert there.share("trustee-1") is None


@pytest.mark.parametrize(
    "changes",
    [{"run": "00" * 32}, {"election": "minato-2027"}, {"trustees": "00" * 32}],
)
def test_complaint_of_another_run_is_no_complaint(
    after_round: AfterRound, changes: dict[str, object]
) -> None:
    there = after_round(2)
    complain(there, "trustee-3", **changes)
    refuse(there, "trustee-1", "complaint-trustee-3.json", "is not that of this run")


def test_complaint_by_a_stranger_is_no_complaint(after_round: AfterRound) -> None:
    there = after_round(2)
    complain(there, "trustee-3")
    (there.exchange / "complaint-trustee-3.json").rename(
        there.exchange / "complaint-trustee-9.json"
    )
    refuse(there, "trustee-1", "there is no trustee trustee-9")


# -- messages that prove nothing about their sender ------------------------------------------------


@pytest.mark.parametrize("name", ["1-trustee-2.json", "2-trustee-2.json"])
@pytest.mark.parametrize(
    "changes",
    [
        {"run": "00" * 32},
        {"election": "minato-2027"},
        {"trustees": "00" * 32},
        {"sender": "trustee-3", "by": "trustee-2"},
        {"by": "trustee-3"},
        {"round": 3},
        {"remark": "hello"},
    ],
)
def test_message_of_another_run_or_hand_cannot_be_used(
    after_round: AfterRound, name: str, changes: dict[str, Any]
) -> None:
    there = after_round(int(name[0]))
    there.forge(name, **changes)
    refuse(there, "trustee-1", "cannot be used", name)
    assert not [name for name in there.messages() if name.startswith("complaint")]


def test_share_meant_for_another_cannot_be_used(after_round: AfterRound) -> None:
    there = after_round(2)
    messages = there.messages()
    mine = file_name(2, "trustee-2", "trustee-1")
    (there.exchange / mine).write_bytes(messages[file_name(2, "trustee-2", "trustee-3")])
    refuse(there, "trustee-1", "cannot be used", "receiver is not that of this run and place")


def test_cut_off_message_cannot_be_used(after_round: AfterRound) -> None:
    there = after_round(1)
    path = there.exchange / "1-trustee-2.json"
    path.write_bytes(path.read_bytes()[:-1])
    refuse(there, "trustee-1", "cannot be used", "1-trustee-2.json")


def test_encryption_key_of_small_order_cannot_be_used(after_round: AfterRound) -> None:
    there = after_round(1)
    there.forge("1-trustee-2.json", encryption_key="00" * 32)
    refuse(there, "trustee-1", "cannot be used", "small-order")


@pytest.mark.parametrize(("number", "name"), [(2, "1-trustee-2.json"), (3, "2-trustee-2.json")])
def test_message_changed_after_it_was_used_is_noticed(
    after_round: AfterRound, number: int, name: str
) -> None:
    there = after_round(number)
    there.forge(name, **({"commitment": "00" * 32} if number == 2 else {"nonce": "00" * 32}))
    refuse(there, "trustee-1", name, "shows two versions")


def test_two_trustees_shown_different_messages_make_no_key(after_round: AfterRound) -> None:
    there = after_round(2)
    other = there.root / "shown-to-trustee-3"
    shutil.copytree(there.exchange, other)
    share = there.secrets("trustee-2").shares[0].tree()  # the right one, encrypted once more
    assert isinstance(share, bytes)
    there.forge_share("trustee-2", "trustee-1", share)
    there.step("trustee-1")
    there.step("trustee-3", exchange=other)
    shutil.copy(other / "3-trustee-3.json", there.exchange)
    with pytest.raises(Refused, match="is not the message that you made"):
        there.step("trustee-2")
    shutil.copy(there.exchange / "3-trustee-1.json", other)
    for trustee in ("trustee-2", "trustee-3"):
        with pytest.raises(Refused, match="accepted other messages or another key"):
            there.step(trustee, exchange=other)
    assert there.share("trustee-3") is None


@pytest.mark.parametrize("changes", [{"transcript": "00" * 32}, {"key": "11" * 32}])
def test_acceptance_of_other_messages_or_another_key_makes_no_key(
    after_round: AfterRound, changes: dict[str, Any]
) -> None:
    there = after_round(3)
    there.forge("3-trustee-2.json", **changes)
    refuse(there, "trustee-1", "accepted other messages or another key")


def test_false_rehearsal_makes_no_key(after_round: AfterRound) -> None:
    there = after_round(4)
    other = parse_canonical(there.messages()["4-trustee-3.json"], "")
    there.forge("4-trustee-2.json", factor=other["factor"])
    refuse(there, "trustee-1", "not that of this trustee's share")
    there.forge("4-trustee-2.json", proof=other["proof"])
    refuse(there, "trustee-1", "cannot be used")
    assert there.share("trustee-1") is None


def test_own_message_changed_by_somebody_is_not_replaced(after_round: AfterRound) -> None:
    there = after_round(1)
    there.forge("1-trustee-1.json", commitment="00" * 32)
    before = there.messages()
    refuse(there, "trustee-1", "is not the message that you made")
    assert there.messages() == before


# -- who may take part -----------------------------------------------------------------------------


def test_wrong_passphrase_opens_nothing(after_round: AfterRound) -> None:
    there = after_round(0)
    before = there.files()
    with pytest.raises(WrongPassphraseError):
        ceremony.step(
            there.home("trustee-1"),
            there.exchange,
            there.root / "election.yaml",
            there.root / "parties",
            1,
            "wrong",
        )
    assert there.files() == before


def test_trustee_with_another_party_file_does_not_take_part(after_round: AfterRound) -> None:
    there = after_round(0)
    data = (there.root / "parties/trustee-1.json").read_bytes()
    shutil.copy(there.root / "parties/trustee-2.json", there.root / "parties/trustee-1.json")
    refuse(there, "trustee-1", "is not the party file of the trustee trustee-1")
    (there.root / "parties/trustee-1.json").write_bytes(data)
    (there.root / "parties/trustee-2.json").write_bytes(data)
    refuse(there, "trustee-1", "is not the party file of the trustee trustee-2")
    (there.root / "parties/trustee-2.json").unlink()
    refuse(there, "trustee-1", "trustee-2.json is missing")


def test_home_of_another_election_is_a_wrong_call(after_round: AfterRound) -> None:
    there = after_round(0)
    text = (there.root / "election.yaml").read_text(encoding="utf-8")
    (there.root / "election.yaml").write_text(
        text.replace('"name": "kawabe-2027"', '"name": "minato-2027"'), encoding="utf-8"
    )
    with pytest.raises((UsageFault, Refused), match=r"kawabe-2027|party file"):
        there.step("trustee-1")
    assert there.messages() == {}


@pytest.mark.parametrize(("threshold", "why"), [("3", "could stop the count")])
def test_threshold_that_few_could_block_is_refused(
    after_round: AfterRound, threshold: str, why: str
) -> None:
    there = after_round(0)
    text = (there.root / "election.yaml").read_text(encoding="utf-8")
    (there.root / "election.yaml").write_text(
        text.replace('"threshold": 2', f'"threshold": {threshold}'), encoding="utf-8"
    )
    refuse(there, "trustee-1", why)


def test_configuration_that_breaks_a_rule_makes_no_key(after_round: AfterRound) -> None:
    there = after_round(0)
    text = (there.root / "election.yaml").read_text(encoding="utf-8")
    for name, value in (('"test": true', '"test": false'), ('"ristretto255"', '"P-256"')):
        assert name in text
        text = text.replace(name, value)
    (there.root / "election.yaml").write_text(text, encoding="utf-8")
    refuse(there, "trustee-1", "P-256 works only with test: true")
    assert there.messages() == {}
