"""A voter's receipt, checked offline and against the published log."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from crypto.signing import SigningKey
from crypto.tlog import LogProof, Tree, leaf_hash
from tests.conftest import FinishedElection
from tests.verifier_app.conftest import Call, Said, changed_trust
from tests.verifier_app.forge import Forgery

pytestmark = pytest.mark.e2e


def receipt_of(
    forgery: Forgery, index: int, *, size: int = 0, key: SigningKey | None = None
) -> bytes:
    """A receipt for an entry of the forger's log, as it was at that size."""
    raw = forgery.chain(size or None)
    tree = Tree(leaf_hash(data) for data in raw)
    note = forgery.cosigned(forgery.head(key, size=size))
    return LogProof(index, tuple(tree.inclusion_proof(index)), note, raw[index]).encode()


@pytest.fixture
def check_receipt(call: Call, election: FinishedElection, tmp_path: Path) -> Call:
    def run(receipt: bytes, *more: object, record: Path | None = None) -> Said:
        (tmp_path / "receipt.txt").write_bytes(receipt)
        place = record or election.record
        trust = ("--trust", election.trust)
        return call("receipt", tmp_path / "receipt.txt", "--record", place, *trust, *more)

    return run


def test_every_receipt_of_the_demonstration_holds(
    check_receipt: Call, election: FinishedElection
) -> None:
    receipts = sorted((election.root / "receipts").glob("**/receipt.txt"))
    receipts.append(election.root / "voter-1/receipt.txt")
    assert len(receipts) > 5
    for path in receipts:
        assert check_receipt(path.read_bytes()).code == 0


def test_receipt_says_where_the_ballot_stands(check_receipt: Call, published: Forgery) -> None:
    place = published.at("ballot")
    said = check_receipt(receipt_of(published, place), "--json")
    assert said.json["schema"] == "sukashi/receipt/1"
    assert (said.json["verdict"], said.json["sequence"]) == ("verified", place)
    assert said.json["in_record"] is True


def test_receipt_is_compared_with_the_ballot(
    check_receipt: Call, published: Forgery, tmp_path: Path
) -> None:
    one, other = sorted(published.ballots)[:2]
    (tmp_path / "ballot.asice").write_bytes(published.ballots[one][0])
    container = ("--container", tmp_path / "ballot.asice")
    assert check_receipt(receipt_of(published, one), *container).code == 0
    said = check_receipt(receipt_of(published, other), *container)
    assert said.code == 1
    assert "another ballot" in said.out


def test_receipt_of_a_fork_is_proof_against_the_collector(
    check_receipt: Call, published: Forgery
) -> None:
    """Before the mix the collector showed this voter another log."""
    fork = published.copy()
    place = fork.at("ballot")
    fork.entries[place]["container"] = "0" * 64
    said = check_receipt(receipt_of(fork, place, size=place + 1))
    assert said.code == 1
    assert "two logs" in said.out


def test_receipt_of_a_longer_log_shows_that_entries_are_missing(
    check_receipt: Call, published: Forgery
) -> None:
    longer = published.copy()
    longer.entries.append({**longer.entries[longer.at("ballot")], "time": "2099-01-01T00:00:00Z"})
    said = check_receipt(receipt_of(longer, len(longer.entries) - 1))
    assert said.code == 1
    assert "entries are missing" in said.out


def test_receipt_without_a_published_log_says_so(
    check_receipt: Call, published: Forgery, election: FinishedElection
) -> None:
    place = published.at("ballot")
    said = check_receipt(receipt_of(published, place), record=election.root / "election")
    assert said.code == 0
    assert "Check it again when the record is published" in said.out


FALSE_RECEIPTS: dict[str, Callable[[Forgery], bytes]] = {
    "empty": lambda _: b"",
    "no_receipt": lambda _: b"\xff" * 100,
    "by_somebody_else": lambda f: receipt_of(f, f.at("ballot"), key=SigningKey.generate()),
    "of_no_ballot": lambda f: receipt_of(f, f.at("opened")),
    "of_another_entry": lambda f: receipt_of(f, f.at("ballot")).replace(
        b"extra ", b"extra QUJD", 1
    ),
    "at_another_index": lambda f: receipt_of(f, f.at("ballot")).replace(b"index 3", b"index 4"),
    "more_behind_it": lambda f: receipt_of(f, f.at("ballot")) + b"\n",
}  # fmt: skip


@pytest.mark.parametrize("false", FALSE_RECEIPTS.values(), ids=FALSE_RECEIPTS)
def test_false_receipt_is_refused(
    check_receipt: Call, published: Forgery, false: Callable[[Forgery], bytes]
) -> None:
    said = check_receipt(false(published), "--json")
    assert said.code == 1
    assert (said.json["verdict"], said.json["failed"]) == ("refused", ["receipt"])


def test_receipt_of_an_election_with_other_witnesses_is_not_verified(
    call: Call, published: Forgery, election: FinishedElection, tmp_path: Path
) -> None:
    receipt = tmp_path / "receipt.txt"
    receipt.write_bytes(receipt_of(published, published.at("ballot")))
    trust = changed_trust(election, tmp_path, witnesses={"required": 1, "vkeys": []})
    arguments = ("receipt", receipt, "--record", election.record, "--trust", trust)
    said = call(*arguments, "--json")
    assert (said.code, said.json["failed"]) == (1, ["manifest.trust"])


def test_receipt_under_a_manifest_that_nobody_trusts_is_refused(
    call: Call, published: Forgery, election: FinishedElection, tmp_path: Path
) -> None:
    receipt = tmp_path / "receipt.txt"
    receipt.write_bytes(receipt_of(published, published.at("ballot")))
    arguments = ("receipt", receipt, "--record", election.record, "--election", "0" * 64)
    said = call(*arguments, "--json")
    assert (said.code, said.json["failed"]) == (1, ["manifest.trust"])
