"""Claims about the second device, the program's and the page's: it shows what is stored, or says
that something is wrong."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from crypto import byte_tree
from crypto.errors import VerificationError
from tests.client.node import Answering
from tests.voting.acceptance.forgery import with_leaf, with_members
from tests.voting.conftest import PIN
from tests.voting.polls import KITA, MINAMI, Collector, Polls, identifier, receipt_of, sign
from tests.voting.voter.conftest import Liar
from voting.ballot.ballot import QrCode, fetch_token
from voting.collector import store
from voting.console import Refused
from voting.eid import test_pki
from voting.eid.cards import load_card
from voting.eid.signing import add_signature
from voting.election.contests import Choice
from voting.election.documents import digest
from voting.election.entries import BallotEntry
from voting.files import read_tree
from voting.voter.client import Client
from voting.voter.second_device import look as look_in_python

SEED = b"s" * 32


@dataclass(frozen=True)
class Seen:
    """What a second device shows."""

    signer: str
    style: str
    choices: dict[str, Choice]
    sequence: int
    latest: bool | None


class Device(Protocol):
    """A second device. Raises VerificationError."""

    def __call__(self, client: Client, code: QrCode) -> Seen: ...


def program(client: Client, code: QrCode) -> Seen:
    """`voting verify-ballot`."""
    found = look_in_python(client, code)
    sequence = found.receipt.sequence
    return Seen(found.signer, found.style, found.choices, sequence, found.latest)


class Page:
    """The page's checks of the same answers."""

    def __init__(self, typescript: Answering, polls: Polls) -> None:
        self._typescript = typescript
        election = polls.election
        profile = read_tree(election / "eid_profile", 1 << 20)
        self._election = {
            "signed": (election / "manifest.asice").read_bytes().hex(),
            "trustees": (election / "manifest.trustees.json").read_bytes().hex(),
            "trust": (polls.root / "trust" / "trust.json").read_bytes().hex(),
            "profile": {name: data.hex() for name, data in profile.items()},
        }

    def __call__(self, client: Client, code: QrCode) -> Seen:
        token = fetch_token(code.seed, client.manifest.digest)
        container, receipt, latest = client.fetch(code.sequence, token)
        told = {"container": container.hex(), "receipt": receipt.hex(), "code": code.text()}
        (said,) = self._typescript.ask([{"ask": "look", **self._election, **told}])
        found = json.loads(said)
        if "refused" in found:
            raise VerificationError(found["refused"], "the page", "it refuses")
        choices = {contest: tuple(choice) for contest, choice in found["choices"].items()}
        return Seen(found["signer"], found["style"], choices, found["sequence"], latest)


@pytest.fixture(params=["program", "page"])
def look(request: pytest.FixtureRequest, collector: Collector) -> Device:
    if request.param == "program":
        return program
    return Page(request.getfixturevalue("typescript"), collector.polls)


def cast(collector: Collector, voter: int = KITA, seed: bytes = SEED) -> QrCode:
    stored = collector.submit(collector.ballot(voter, seed=seed))
    return QrCode(stored.sequence, seed)


def test_second_device_shows_name_every_choice_and_that_it_is_the_latest(
    look: Device, client: Client, collector: Collector
) -> None:
    found = look(client, cast(collector))
    assert found.choices == {"mayor": (3,), "assembly-kita": ()}
    assert found.signer == f"佐藤 葵 {KITA}"
    assert found.latest
    assert found.sequence == 3


def test_second_vote_cast_silently_after_a_shown_first_one_is_told(
    look: Device, client: Client, collector: Collector
) -> None:
    code = cast(collector)
    assert look(client, code).latest
    cast(collector, seed=b"t" * 32)
    assert not look(client, code).latest


def test_code_with_a_wrong_seed_or_place_shows_nothing(
    look: Device, client: Client, collector: Collector
) -> None:
    code = cast(collector)
    for wrong in (QrCode(code.sequence, b"t" * 32), QrCode(code.sequence + 1, SEED)):
        with pytest.raises(Refused, match="no ballot for this code"):
            look(client, wrong)


def test_seed_never_leaves_the_device(
    look: Device, liar: Liar, client: Client, collector: Collector
) -> None:
    look(client, cast(collector))
    heard = b"".join(liar.bodies)
    assert b'"sequence":3' in heard
    assert SEED.hex().encode() not in heard


def refused(look: Device, client: Client, code: QrCode, check_id: str) -> None:
    with pytest.raises(VerificationError) as refusal:
        look(client, code)
    assert refusal.value.check_id == check_id


def test_ballot_of_somebody_else_is_noticed(
    look: Device, liar: Liar, client: Client, collector: Collector
) -> None:
    """With its own good receipt: but it was not made with this seed."""
    code, container = cast(collector), collector.ballot(MINAMI)
    other = collector.submit(container)
    liar.shows(container, receipt_of(other))
    refused(look, client, QrCode(other.sequence, SEED), "verify.opening")
    refused(look, client, code, "verify.receipt")


def test_container_that_is_not_the_receipts_is_noticed(
    look: Device, liar: Liar, client: Client, collector: Collector
) -> None:
    code = cast(collector)
    other = collector.ballot(seed=SEED)
    found = collector.reading.verification(code.sequence, _token(code, collector))
    assert found is not None
    liar.shows(other, found.receipt)
    refused(look, client, code, "receipt")


def _token(code: QrCode, collector: Collector) -> bytes:
    return fetch_token(code.seed, collector.polls.manifest.digest)


def logged(forger: Collector, container: bytes) -> bytes:
    """A receipt for anything at all, from a collector that checks nothing."""
    ledger = forger.home.ledger()
    with store.writing(forger.home.engine) as connection:
        entry = BallotEntry(
            sequence=ledger.size,
            time=ledger.next_time(forger.clock()),
            previous=ledger.head,
            container=digest(container),
            qualification="00" * 32,
        )
        ledger.append(connection, entry)
        ledger.sign(connection, forger.polls.log_key)
        receipt = ledger.receipt(connection, entry.sequence)
    assert receipt is not None
    return receipt


def self_made_card(forger: Collector, folder: Path) -> bytes:
    """The voter's ballot, signed by a card in the voter's name that anybody can make."""
    test_pki.init(folder / "pki")
    card = folder / "card.p12"
    card.write_bytes(test_pki.Issuer(folder / "pki").card(identifier(KITA), "佐藤 葵", PIN))
    ballot = forger.polls.ballot(forger.home.ledger(), seed=SEED)
    return sign(ballot, "ballot.json", load_card(card, PIN))


def two_signatures(forger: Collector, _folder: Path) -> bytes:
    ballot = forger.polls.ballot(forger.home.ledger(), seed=SEED)
    return sign(ballot, "ballot.json", *forger.polls.officials)


def contests_missing(forger: Collector, _folder: Path) -> bytes:
    ballot = forger.polls.ballot(forger.home.ledger(), seed=SEED)
    return forger.polls.signed(with_members(ballot, contests=[]))


def another_election(forger: Collector, _folder: Path) -> bytes:
    ballot = forger.polls.ballot(forger.home.ledger(), seed=SEED)
    return forger.polls.signed(with_members(ballot, election="ab" * 32))


def no_container(_forger: Collector, _folder: Path) -> bytes:
    return b"text"


def false_signature(forger: Collector, _folder: Path) -> bytes:
    ballot = forger.polls.ballot(forger.home.ledger(), seed=SEED)
    other = forger.polls.ballot(forger.home.ledger(), seed=SEED)
    signed = add_signature(None, "ballot.json", ballot, forger.polls.issue(KITA), forger.clock())
    return dataclasses.replace(signed, data=other).encode()


def another_code(forger: Collector, _folder: Path) -> bytes:
    """The collector shows it, though the code's token is not the one that was promised."""
    ballot = forger.polls.ballot(forger.home.ledger(), seed=SEED)
    return forger.polls.signed(with_members(ballot, fetch="ab" * 32))


def other_first_component(forger: Collector, _folder: Path) -> bytes:
    """What the trustees would decrypt is not what the second component says under the seed."""
    ballot = forger.polls.ballot(forger.home.ledger(), seed=SEED)
    g = byte_tree.contents(forger.polls.manifest.crypto_group.g.tree())
    return forger.polls.signed(with_leaf(ballot, [0, 0, 0], g))


def no_option(forger: Collector, _folder: Path) -> bytes:
    """The second component is a stranger's."""
    ballot = forger.polls.ballot(forger.home.ledger(), seed=SEED)
    g = byte_tree.contents(forger.polls.manifest.crypto_group.g.tree())
    return forger.polls.signed(with_leaf(ballot, [0, 0, 1], g))


def no_element(forger: Collector, _folder: Path) -> bytes:
    ballot = forger.polls.ballot(forger.home.ledger(), seed=SEED)
    return forger.polls.signed(with_leaf(ballot, [0, 0, 0], b"\xff" * 32))


FORGERIES: list[tuple[Callable[[Collector, Path], bytes], str]] = [
    (self_made_card, "verify.certificate"),
    (two_signatures, "verify.container"),
    (no_container, "verify.container"),
    (false_signature, "verify.signature"),
    (contests_missing, "verify.content"),
    (another_election, "verify.content"),
    (another_code, "verify.opening"),
    (other_first_component, "verify.opening"),
    (no_option, "verify.opening"),
    (no_element, "verify.opening"),
]


@pytest.mark.parametrize(
    ("forgery", "check_id"), FORGERIES, ids=lambda x: getattr(x, "__name__", x)
)
def test_what_a_dishonest_collector_logged_and_shows_is_noticed(
    look: Device,
    liar: Liar,
    client: Client,
    forger: Collector,
    tmp_path: Path,
    forgery: Callable[[Collector, Path], bytes],
    check_id: str,
) -> None:
    container = forgery(forger, tmp_path)
    liar.shows(container, logged(forger, container))
    refused(look, client, QrCode(3, SEED), check_id)
