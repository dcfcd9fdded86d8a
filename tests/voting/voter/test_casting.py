"""Claims about casting: one intention makes one ballot, whatever happens on the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from crypto.errors import VerificationError
from tests.choices import chosen
from tests.voting.polls import (
    ALSO_KITA,
    CHILD,
    KITA,
    MINAMI,
    Collector,
    Polls,
    identifier,
    receipt_of,
)
from tests.voting.voter.conftest import Liar
from voting.ballot.ballot import QrCode
from voting.console import Refused, Unfinished, UsageFault
from voting.voter import client as client_room
from voting.voter.casting import Cast, Vote, cast, parse_vote
from voting.voter.client import Client

CHOICES = {"mayor": 3, "assembly-kita": 0}
OTHER = {"mayor": 4, "assembly-kita": 0}


class Voter:
    def __init__(self, client: Client, collector: Collector, out: Path, number: int = KITA) -> None:
        self.client, self.out, self.number = client, out, number
        self.card = collector.polls.issue(number)

    def cast(self, choices: dict[str, int] | None = None) -> Cast:
        person, manifest = identifier(self.number), self.client.manifest
        vote = Vote(manifest.style("style-kita"), chosen(choices or CHOICES))
        return cast(self.client, self.card, person, vote, self.out, "en")

    @property
    def files(self) -> set[str]:
        return {path.name for path in self.out.iterdir()} if self.out.exists() else set()


@pytest.fixture
def voter(client: Client, collector: Collector, tmp_path: Path) -> Voter:
    return Voter(client, collector, tmp_path / "vote")


def ballots(collector: Collector) -> int:
    return len(collector.audit_everything()) - 3  # manifest, roll, opened


def test_voter_keeps_receipt_and_code_and_nothing_else(voter: Voter, collector: Collector) -> None:
    done = voter.cast()
    assert voter.files == {"receipt.txt", "qr.txt"}
    assert (voter.out / "receipt.txt").read_bytes() == done.receipt.data
    assert QrCode.parse((voter.out / "qr.txt").read_text().strip()) == done.code
    assert (voter.out / "qr.txt").stat().st_mode & 0o777 == 0o600
    assert ballots(collector) == 1


def test_lost_answer_and_another_run_give_the_same_ballot(
    voter: Voter, liar: Liar, collector: Collector
) -> None:
    liar.lost.add("/ballots")
    with pytest.raises(Unfinished, match="sends the same ballot"):
        voter.cast()
    assert voter.files == {"pending.asice", "pending.seed"}
    pending = (voter.out / "pending.asice").read_bytes()
    assert ballots(collector) == 1
    liar.lost.clear()
    done = voter.cast()
    assert voter.files == {"receipt.txt", "qr.txt"}
    assert done.receipt.data == collector.submit(pending).receipt
    assert ballots(collector) == 1


def test_other_choice_is_never_sent_as_the_one_that_was_pending(
    voter: Voter, liar: Liar, collector: Collector
) -> None:
    """Else the voter would see one choice and send another."""
    liar.lost.add("/ballots")
    with pytest.raises(Unfinished):
        voter.cast()
    liar.lost.clear()
    with pytest.raises(Refused, match="another ballot"):
        voter.cast(OTHER)
    somebody_else = Voter(voter.client, collector, voter.out, ALSO_KITA)
    with pytest.raises(Refused, match="another ballot"):
        somebody_else.cast()
    assert voter.files == {"pending.asice", "pending.seed"}
    assert voter.cast().receipt.sequence == 3
    assert ballots(collector) == 1


def test_seed_of_a_ballot_that_was_never_signed_is_not_used(
    voter: Voter, collector: Collector
) -> None:
    voter.out.mkdir()
    (voter.out / "pending.seed").write_text("ab" * 32)
    assert voter.cast().code.seed.hex() != "ab" * 32
    assert ballots(collector) == 1


def test_ballot_that_is_recorded_and_not_confirmed_is_kept_and_asked_for_again(
    voter: Voter, liar: Liar, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_room, "WAITS", (0, 0))
    liar.lies["/ballots"] = (202, b"{}")
    with pytest.raises(Unfinished, match=r"recorded: .*not confirmed.*Run the same command again"):
        voter.cast()
    assert voter.files == {"pending.asice", "pending.seed"}
    del liar.lies["/ballots"]
    assert voter.cast().receipt.sequence == 3
    assert ballots(collector) == 1


def test_receipt_of_another_ballot_is_not_kept(
    voter: Voter, liar: Liar, collector: Collector
) -> None:
    other = receipt_of(collector.submit(collector.ballot(MINAMI)))
    liar.lies["/ballots"] = (201, other)
    with pytest.raises(VerificationError, match="receipt of another ballot"):
        voter.cast()
    assert voter.files == {"pending.asice", "pending.seed"}
    del liar.lies["/ballots"]
    voter.cast()
    assert ballots(collector) == 2


def test_refused_ballot_is_not_kept(client: Client, collector: Collector, tmp_path: Path) -> None:
    client.log_in(collector.polls.issue.login(CHILD), "en")
    child = Voter(client, collector, tmp_path / "vote", CHILD)
    with pytest.raises(Refused, match=r"accept\.roll"):
        child.cast()
    assert child.files == set()
    assert ballots(collector) == 0


def test_nothing_is_made_while_voting_is_not_open(voter: Voter, collector: Collector) -> None:
    collector.order("closed")
    closes = voter.client.manifest.period.closes
    with pytest.raises(
        Refused, match=rf"voting is not open .*Ballots are taken from .* to {closes}"
    ):
        voter.cast()
    assert voter.files == set()


def test_second_vote_needs_another_folder_and_another_seed(
    voter: Voter, collector: Collector
) -> None:
    first = voter.cast()
    before = voter.files
    with pytest.raises(Refused, match="receipt of a ballot already"):
        voter.cast(OTHER)
    assert voter.files == before
    again = Voter(voter.client, collector, voter.out.with_name("again"))
    second = again.cast(OTHER)
    assert second.code.seed != first.code.seed
    assert second.receipt.sequence > first.receipt.sequence


def test_collector_hears_neither_seed_nor_choice_nor_name(voter: Voter, liar: Liar) -> None:
    done = voter.cast()
    heard = b"".join(liar.bodies)
    assert done.receipt.entry.container  # it did hear the ballot
    assert len(heard) > 1000
    assert done.code.seed not in heard
    assert done.code.seed.hex().encode() not in heard


# -- choices on the command line ----------------------------------------------------------------


def test_choices_are_contests_with_a_number_or_blank(polls: Polls) -> None:
    vote = parse_vote(polls.manifest, ["mayor=5", "assembly-kita=blank"])
    assert vote.choices == {"mayor": (5,), "assembly-kita": ()}
    assert vote.style.id == "style-kita"


@pytest.mark.parametrize(
    "text",
    [
        "mayor",
        "mayor=",
        "mayor=6",
        "mayor=-1",
        "mayor=1.5",
        "mayor=５",
        "mayor=" + "9" * 5000,
        "mayor=Blank",
        "mayors=1",
        "=1",
        "",
    ],
    ids=lambda text: text[:20],
)
def test_choice_that_does_not_exist_is_a_wrong_call(polls: Polls, text: str) -> None:
    with pytest.raises(UsageFault):
        parse_vote(polls.manifest, [text, "assembly-kita=1"])


@pytest.mark.parametrize(
    "texts",
    [
        [],
        ["mayor=1"],
        ["mayor=1", "mayor=2", "assembly-kita=1"],
        ["mayor=1", "assembly-kita=1", "assembly-minami=1"],
    ],
)
def test_every_contest_of_one_style_is_chosen_in_once(polls: Polls, texts: list[str]) -> None:
    with pytest.raises(UsageFault):
        parse_vote(polls.manifest, texts)


def test_where_two_districts_have_the_same_contests_the_style_is_named(polls: Polls) -> None:
    kita, minami = polls.manifest.ballot_styles
    same = (kita, minami.model_copy(update={"contests": kita.contests}))
    manifest = polls.manifest.model_copy(update={"ballot_styles": same})
    texts = ["mayor=1", "assembly-kita=1"]
    with pytest.raises(UsageFault, match="--style"):
        parse_vote(manifest, texts)
    assert parse_vote(manifest, texts, "style-minami").style.district == "minami"
    with pytest.raises(UsageFault, match="no ballot style"):
        parse_vote(manifest, texts, "style-nishi")
