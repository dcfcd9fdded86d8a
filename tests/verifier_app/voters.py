"""A forger whom all voters help: whatever is changed among the ballots, the later ones are anchored
in the changed log and signed again, so that no anchor tells."""

from __future__ import annotations

import json
from collections.abc import Callable

from cryptography.x509.oid import NameOID

from crypto.errors import EncodingError
from tests.verifier_app.forge import Forgery
from tests.verifier_app.sealing import LIMIT
from voting.eid.cards import SoftwareCard
from voting.eid.container import parse
from voting.election.documents import canonical


def voter_of(raw: bytes) -> str:
    """Who signed a ballot. Raises EncodingError for what is no container."""
    certificate = parse(raw, "ballot.json", LIMIT).signatures[0].certificate
    (name,) = certificate.subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER)
    return str(name.value).removeprefix("TEST-")


def signer(forgery: Forgery, raw: bytes) -> SoftwareCard:
    """The card that signed a ballot. Raises EncodingError for what is no container."""
    return forgery.keys.voter(voter_of(raw))


def ballot_of(raw: bytes) -> bytes:
    """ballot.json in a container. Raises EncodingError."""
    return parse(raw, "ballot.json", LIMIT).data


def relog(forgery: Forgery, after: int = -1) -> None:
    """Log all ballots as they are now; those behind entry `after` are anchored just before
    themselves and signed again by their voters, where a ballot still is one."""
    for number in sorted(forgery.ballots):
        raw, qualification = forgery.ballots[number]
        if number > after:
            try:
                ballot = json.loads(ballot_of(raw))
                moved = canonical({**ballot, "after": forgery.state(number)})
                raw = forgery.cast(moved, signer(forgery, raw))
                qualification = b""
            except (EncodingError, FileNotFoundError):
                pass  # a forged one: nobody but its author could sign it
        forgery.put_ballot(number, raw, qualification)


def place_of(forgery: Forgery, where: str) -> int:
    """The entry of the first, a middle or the last ballot."""
    numbers = sorted(forgery.ballots)
    return numbers[{"first": 0, "middle": len(numbers) // 2, "last": -1}[where]]


def store_at(
    forgery: Forgery,
    place: int,
    make: Callable[[int], bytes],
    qualification: bytes = b"",
) -> None:
    """A colluding collector logs one more ballot of the person who voted on paper before those
    that are there; `make` gives its container for that size of the log."""
    container = make(place)
    forgery.insert(place, "ballot")
    forgery.put_ballot(place, container, qualification)
    relog(forgery, place)
    selection = forgery.json("selection.json")
    changed = {name: selection[name] + 1 for name in ("ballots", "superseded")}
    forgery.edit("selection.json", **changed)
