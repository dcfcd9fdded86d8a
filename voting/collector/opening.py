"""The last look before voting is opened: what is loaded is what officials signed last."""

from __future__ import annotations

from pathlib import Path

from voting.collector.home import Home
from voting.console import Refused
from voting.eid.officials import verify_document
from voting.election.documents import salted_digest
from voting.files import read_bounded
from voting.roll.roll import Roll


def check_loaded(home: Home, roll: Path) -> Roll:
    """The roll that voters will be looked up in, which is the one in the file.

    1. The database is whole: chain, tree, checkpoints, documents.
    2. Officials signed the file, and it is the version that the log names last.
    3. Everybody on it lives in a district that the election has.

    That the manifest is the right one is said by the order: it names the election's digest.

    Raises:
        Refused: naming what is loaded and what the file is.
        DatabaseDamagedError, VerificationError: 1 or the signatures of 2 do not hold.
    """
    ledger = home.ledger()
    officials = home.manifest.parties.officials
    certificates = [member.certificate for member in officials.members]
    data = verify_document(
        read_bounded(roll, 1 << 28),
        f"{roll.stem}.json",
        certificates,
        officials.required,
        check_id="roll.signatures",
    )
    signed = Roll.parse(data, str(roll))
    entries = [entry for entry in ledger.entries.others if entry.kind == "roll"]
    if signed.version > entries[-1].version:
        raise Refused(
            f"{roll} is version {signed.version} of the roll, and the collector has version"
            f" {entries[-1].version}. Voting was not opened. First: voting collector append {roll}"
        )
    if signed.version < entries[-1].version:
        raise Refused(
            f"{roll} is version {signed.version} of the roll, and the collector has version"
            f" {entries[-1].version}. Voting was not opened. Ask the officials which one is the"
            " latest that they signed, and name that."
        )
    if salted_digest(data, signed.salt) != entries[-1].digest:
        raise Refused(
            f"{roll} is version {signed.version} of the roll, and not the version"
            f" {signed.version} that the collector has: officials signed two. Voting was not"
            " opened. Ask them which one they mean; the other must not be used."
        )
    _require_districts(home, roll, signed)
    return signed


def _require_districts(home: Home, path: Path, roll: Roll) -> None:
    known = {district.id for district in home.manifest.districts}
    lost = [person for person in roll.persons if person.district not in known]
    if lost:
        raise Refused(
            f"{path} has {len(lost)} persons in districts that the election does not have (the"
            f" first: {lost[0].district}); they could not vote. Voting was not opened. Officials"
            " sign a next version of the roll."
        )
