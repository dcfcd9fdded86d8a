"""Claims about the officials' commands: what they say is what they did."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path

import pytest

from tests.voting.conftest import PIN, Run, Said
from tests.voting.election.office import CONFIG, PASSPHRASE, PEOPLE
from tests.voting.polls import Polls, identifier, sign
from voting.eid import test_pki
from voting.eid.container import parse
from voting.election.documents import canonical
from voting.election.next_steps import after_signing
from voting.election.orders import make_order
from voting.election.party import PartyFile
from voting.election.signatures import Trust
from voting.election.summary import when
from voting.files import read_tree, write_atomic
from voting.roll.roll import PaperList, Roll


@pytest.fixture
def desk(pki: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An official's desk with a configuration, a roll and two cards; commands run on it."""
    shutil.copy(CONFIG, tmp_path / "election.yaml")
    (tmp_path / "roll.csv").write_text(PEOPLE, encoding="utf-8")
    (tmp_path / "pin.txt").write_text(PIN)
    (tmp_path / "pass.txt").write_text(PASSPHRASE)
    for number in (1, 2):
        card = tmp_path / f"card-{number}.p12"
        test_pki.Issuer(pki).write_card(identifier(number), f"official {number}", PIN, card)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def done(said: Said) -> str:
    """What a command said that ended well."""
    assert (said.code, said.err) == (0, "")
    return said.out


def test_configuration_is_explained_before_the_eid_profile_exists(voting: Run, desk: Path) -> None:
    said = done(voting("election", "check", "election.yaml"))
    assert "藤堂 慎吾" in said
    assert "The eID profile is not there yet" in said
    found = json.loads(done(voting("election", "check", "election.yaml", "--json")))
    assert isinstance(found.pop("remarks"), list)
    assert found == {
        "schema": "sukashi/election-check/1",
        "name": "kawabe-2027",
        "eid_profile": False,
        "ok": True,
    }


def test_period_that_is_past_is_remarked_and_no_fault(voting: Run, desk: Path) -> None:
    text = (desk / "election.yaml").read_text(encoding="utf-8").replace("2027-04", "2020-04")
    (desk / "election.yaml").write_text(text, encoding="utf-8")
    said = done(voting("election", "check", "election.yaml"))
    assert "ATTENTION: voting closed at 2020-04-10T20:00:00+09:00, which is past" in said
    found = json.loads(done(voting("election", "check", "election.yaml", "--json")))
    assert ["which is past" in remark for remark in found["remarks"]] == [True]


def test_period_is_told_with_what_it_means_now() -> None:
    opens, closes = "2027-04-01T23:30:00Z", "2027-04-10T11:00:00Z"
    for day, meaning in ((1, "not yet, and until then every"), (2, ""), (11, "over, and every")):
        said = when(opens, closes, dt.datetime(2027, 4, day, tzinfo=dt.UTC))
        assert said.startswith(f"ballots are taken from {opens} to {closes}")
        assert ("refused" in said, meaning in said) == (bool(meaning), True)


def test_party_makes_its_key_and_a_public_file(voting: Run, desk: Path) -> None:
    call = ("party", "new", "mixer-1", "--config", "election.yaml", "--home", "home")
    done(voting(*call, "--passphrase-file", "pass.txt"))
    party = PartyFile.parse((desk / "home" / "party.json").read_bytes(), "party.json")
    assert (party.id, party.role, party.election) == ("mixer-1", "mixer", "kawabe-2027")
    assert set(read_tree(desk / "home", 1 << 20)) == {"party.json", "key.sealed"}


def test_second_version_of_the_roll_says_what_it_follows(voting: Run, desk: Path) -> None:
    first = ("roll", "import", "roll.csv", "--config", "election.yaml", "--out", "roll-0001.json")
    second = (*first[:-1], "roll-0002.json", "--version", "2")
    done(voting(*first))
    alone = voting(*second)
    assert alone.code == 2
    assert "Give --follows roll-0001.json and --manifest" in " ".join(alone.err.split())
    assert voting(*first[:-1], "x/roll-0001.json", "--follows", "roll-0001.json").code == 2
    assert not (desk / "roll-0002.json").exists()


def test_officials_sign_one_after_the_other_and_never_twice(voting: Run, desk: Path) -> None:
    roll = ("roll", "import", "roll.csv", "--config", "election.yaml", "--out", "roll-0001.json")
    assert "version 1 with 4 persons" in done(voting(*roll))
    assert (desk / "roll-0001.json").stat().st_mode & 0o777 == 0o600
    data = (desk / "roll-0001.json").read_bytes()
    assert len(Roll.parse(data, "roll").persons) == 4
    for number in (1, 2):
        sign = ("sign", "roll-0001.json", "--card", f"card-{number}.p12", "--pin-file", "pin.txt")
        said = done(voting(*sign))
        assert f"{number} signature(s)" in said
        assert "when enough have: voting collector init --roll roll-0001.asice" in said
    before = (desk / "roll-0001.asice").read_bytes()
    assert parse(before, "roll-0001.json", 1 << 20).data == data
    again = voting(*sign)
    assert (again.code, again.err) == (1, "this card has signed roll-0001.json already\n")
    (desk / "roll-0001.json").write_bytes(b'{"schema":"x"}')
    other = voting(*sign)
    assert (other.code, "holds another roll-0001.json" in other.err) == (1, True)
    assert (desk / "roll-0001.asice").read_bytes() == before


def test_card_that_is_no_officials_signs_no_manifest(voting: Run, desk: Path, polls: Polls) -> None:
    (desk / "manifest.json").write_bytes((polls.election / "manifest.json").read_bytes())
    said = voting("sign", "manifest.json", "--card", "card-1.p12", "--pin-file", "pin.txt")
    assert said.code == 1  # a new card of the same person has another certificate
    assert "this is the card of official 1, and no official of this manifest" in said.err
    assert not (desk / "manifest.asice").exists()


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("manifest", "voting election complete room"),
        ("roll-0002", "voting collector append room/roll-0002.asice --home"),
        ("paper", "voting collector append room/paper.asice --home"),
        ("seal", "tally box attach room/seal.asice --box"),
        ("selection", "voting collector append room/selection.asice --home"),
        ("record", "publish the folder room"),
    ],
)
def test_what_follows_a_signature_is_said_with_the_paths_given(name: str, step: str) -> None:
    document, schema = Path("room") / f"{name}.json", f"sukashi/{name.partition('-')[0]}/1"
    said = after_signing(schema, document, document.with_suffix(".asice"))
    assert said is not None
    assert said.startswith(f"Next: the other officials sign {document} too; when enough have: ")
    assert step in said
    assert after_signing("sukashi/unheard/1", document, document) is None


def test_party_file_of_an_official_is_said_to_be_of_whom(voting: Run, desk: Path) -> None:
    call = ("party", "official", "official-1", "--config", "election.yaml", "--out", "o.json")
    said = done(voting(*call, "--card", "card-1.p12", "--pin-file", "pin.txt"))
    assert said == "o.json holds the certificate of official-1, on the card of:\n  official 1\n"


def test_signed_election_is_complete_and_gives_its_trust(
    voting: Run, desk: Path, polls: Polls
) -> None:
    digest = polls.manifest.digest.hex()
    assert digest in done(voting("election", "complete", polls.election))
    done(voting("election", "trust", polls.election, "--out", "trust"))
    assert Trust.parse((desk / "trust" / "trust.json").read_bytes()) == polls.trust
    (desk / "paper.csv").write_text("identifier\n700000000102\n")
    paper = ("roll", "paper", "paper.csv", "--manifest", polls.election, "--out", "paper.json")
    done(voting(*paper))
    found = PaperList.parse((desk / "paper.json").read_bytes(), "paper")
    assert (found.election, found.identifiers) == (digest, ("700000000102",))


SECRET = ("--home", "home", "--passphrase-file", "pass.txt")


@pytest.fixture
def collecting(voting: Run, desk: Path, polls: Polls) -> Path:
    """The desk, now with a collector's home whose voting is closed and who nobody voted at."""
    parts = ("--election", polls.election, "--party", polls.root / "party")
    done(voting("collector", "init", *parts, "--roll", polls.root / "roll-0001.asice", *SECRET))
    write_orders(polls)
    roll = ("--roll", polls.root / "roll-0001.asice")
    done(voting("collector", "open", "order-opened-1.asice", *roll, *SECRET))
    done(voting("collector", "close", "order-closed-2.asice", *SECRET))
    return desk


def write_orders(polls: Polls, *kinds: str) -> None:
    """Signed orders of these kinds, one after the other, in this folder."""
    for number, kind in enumerate(kinds or ("opened", "closed"), 1):
        order = make_order(polls.manifest, kind, number, "as agreed")
        signed = sign(order.encode(), f"{order.name}.json", *polls.officials)
        Path(f"{order.name}.asice").write_bytes(signed)


def paper_list(polls: Polls, folder: Path, person: str) -> Path:
    """A signed list with one person."""
    members = {
        "schema": "sukashi/paper/1",
        "election": polls.manifest.digest.hex(),
        "salt": "ab" * 32,
        "identifiers": [person],
    }
    folder.mkdir()
    path = folder / "paper.asice"
    path.write_bytes(sign(canonical(members), "paper.json", *polls.officials))
    return path


def test_several_documents_are_appended_in_their_order(
    voting: Run, collecting: Path, polls: Polls
) -> None:
    lists = [paper_list(polls, collecting / name, name) for name in ("a", "b", "c")]
    said = done(voting("collector", "append", *lists, *SECRET))
    expected = [f"log entry {5 + place}: paper, by {path}" for place, path in enumerate(lists)]
    following = "Next: carry the log on: voting collector log --home home --out LOG"
    assert said.splitlines() == [*expected, following]


def test_document_that_is_refused_among_others_leaves_those_before_it(
    voting: Run, collecting: Path, polls: Polls
) -> None:
    a, b, c = (paper_list(polls, collecting / name, name) for name in ("a", "b", "c"))
    said = voting("collector", "append", a, a, b, c, *SECRET)
    assert (said.code, said.out) == (1, f"log entry 5: paper, by {a}\n")
    assert said.err.startswith(f"{a}: this list of paper voters is log entry 5 already.")
    assert "What is said above to have a log entry keeps it" in said.err
    done(voting("collector", "append", b, c, *SECRET))


def test_one_unreadable_document_keeps_all_from_the_log(
    voting: Run, collecting: Path, polls: Polls
) -> None:
    said = voting("collector", "append", paper_list(polls, collecting / "a", "a"), "x", *SECRET)
    assert (said.code, said.out) == (1, "")
    status = done(voting("collector", "status", "--home", "home", "--json"))
    assert json.loads(status)["entries"] == 5


def test_collector_is_opened_closed_and_exported_by_its_operator(
    voting: Run, desk: Path, polls: Polls
) -> None:
    secret = ("--home", "home", "--passphrase-file", "pass.txt")
    parts = ("--election", polls.election, "--party", polls.root / "party")
    done(voting("collector", "init", *parts, "--roll", polls.root / "roll-0001.asice", *secret))
    for name in ("order-opened-1", "order-closed-2"):
        kind, number = name.split("-")[1:]
        order = ("election", "order", kind, "--manifest", polls.election, "--number", number)
        assert f"{name}.json" in done(voting(*order, "--out", "."))
        signed = sign(Path(f"{name}.json").read_bytes(), f"{name}.json", *polls.officials)
        Path(f"{name}.asice").write_bytes(signed)
    roll = ("--roll", polls.root / "roll-0001.asice")
    opened = done(voting("collector", "open", "order-opened-1.asice", *roll, *secret))
    assert "voting is open (log entry 2, order 1)" in opened
    assert "loaded: version 1 of the roll, 4 persons" in opened
    assert "voting collector close --home home\n" in opened
    assert f"from {polls.manifest.period.opens} to {polls.manifest.period.closes}\n" in opened
    status = done(voting("collector", "status", "--home", "home", "--json"))
    assert json.loads(status) == {
        "schema": "sukashi/collector-status/1",
        "receipts_waiting": 0,
        "election": polls.manifest.digest.hex(),
        "phase": "open",
        "roll_version": 1,
        "entries": 3,
        "ballots": 0,
        "orders": 1,
    }
    closed = done(voting("collector", "close", "order-closed-2.asice", *secret))
    assert "voting is closed (log entry 4, order 2)" in closed
    assert "Next: append the lists of paper voters, if there are any; then\n" in closed
    assert "voting collector export --home home --out BOX\n" in closed
    export = ("collector", "export", "--home", "home", "--out", "box.sqlite")
    exported = done(voting(*export))
    assert "holds 0 ballots" in exported
    assert "tally box seal --box box.sqlite\n" in exported
    assert "with 5 entries" in done(voting("collector", "log", "--home", "home", "--out", "log"))
    assert set(read_tree(desk / "log", 1 << 20)) == {
        "checkpoint",
        "orders/order-opened-1.asice",
        "orders/order-opened-1.json",
        "orders/order-closed-2.asice",
        "orders/order-closed-2.json",
        "tile/0/000.p/5",
        "tile/entries/000.p/5",
    }


def test_trustees_who_signed_copies_are_put_together_by_complete(
    voting: Run, tmp_path: Path, polls: Polls
) -> None:
    election = shutil.copytree(polls.election, tmp_path / "election")
    data = (election / "manifest.trustees.json").read_bytes()
    (election / "manifest.trustees.json").unlink()
    refused = voting("election", "complete", election)
    assert refused.code == 1
    assert "not signed yet by trustee-1, trustee-2, trustee-3" in refused.err
    for one in json.loads(data)["signatures"]:
        path = election / "manifest.trustees.d" / f"{one['trustee']}.json"
        write_atomic(path, canonical(one))
    done(voting("election", "complete", election))
    assert (election / "manifest.trustees.json").read_bytes() == data
