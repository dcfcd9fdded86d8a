"""A mixer's turn: verify what came before, shuffle every list, prove it, sign it.

The directory of a mix appears by one rename. A killed mixer runs again and draws new randomness
for the counts that it had not finished; nothing of the unfinished ones was ever seen by anybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from execution.rehearsal import LARGE, rehearse
from execution.workers import HERE, Workers
from tally.audits import verify_audits
from tally.chain import Chain, Link
from tally.documents import Count, Selection
from tally.log import Log
from tally.proofs import OUTPUT, SIGNATURE, shuffle_list, sign_mix
from tally.refusals import promise_selection
from tally.steps import Step
from tally.workspace import Workspace, locked
from voting.console import Refused, progress
from voting.election import entries as kinds
from voting.election.documents import digest, document_bytes
from voting.election.manifest import Manifest
from voting.election.party import PartyHome, open_home
from voting.files import write_atomic, write_directory


def mix(home_path: Path, work: Path, passphrase: str, workers: Workers = HERE) -> Step:
    """Mix every counted list as this mixer.

    Raises Refused where it is not this mixer's turn, VerificationError where something that came
    before is false.
    """
    room = Workspace(work)
    home = open_home(home_path, passphrase)
    with room.held(), locked(home_path):
        manifest = room.manifest()
        number = mixer_number(home, manifest)
        log = room.log(manifest)
        selection = room.selection(manifest, log)
        verify_audits(room, manifest, selection, log)
        made = _mix_all(room, manifest, selection, log, number, home, workers)
        last = number == len(manifest.parties.mixers)
        if last:
            announce(room, manifest, selection)
    counted = [row.count for row in selection.counts if row.status == "counted"]
    did = (
        f"You are mixer {number} of {len(manifest.parties.mixers)}. Selection, audits and every mix"
        " before yours hold."
    )
    mixed = (
        f"You shuffled {len(made)} of {len(counted)} lists, with proofs."
        if made
        else f"All {len(counted)} lists were mixed by you already; nothing was changed."
    )
    after = (
        f"the collector appends {room.announce}/*-mixed-*.json; then tally log, and the trustees"
        " decrypt"
        if last
        else f"{manifest.parties.mixers[number].id} mixes, if it has not yet"
    )
    return Step((did, mixed), after, {"mixer": home.id, "number": number, "mixed": made})


def mixer_number(home: PartyHome, manifest: Manifest) -> int:
    """This home's place among the manifest's mixers.

    Raises Refused where the home is no mixer's of this election.
    """
    key = home.signing_key.public_key.hex
    for number, mixer in enumerate(manifest.parties.mixers, 1):
        if (mixer.id, mixer.public_key) == (home.id, key):
            return number
    raise Refused(
        f"The home of {home.id} ({home.role}, {home.election}) is not one of the mixers of"
        f" {manifest.name}, whose keys stand in its manifest. Nothing was mixed."
    )


def _mix_all(
    room: Workspace,
    manifest: Manifest,
    selection: Selection,
    log: Log,
    number: int,
    home: PartyHome,
    workers: Workers,
) -> list[int]:
    """Unfinished counts first: a mixer that is killed again and again still comes to its end."""
    counted = [row for row in selection.counts if row.status == "counted"]
    chains = [Chain(room, manifest, row) for row in counted]
    chains.sort(key=lambda chain: chain.exists(number))
    lacking = [chain for chain in chains if not chain.exists(number)]
    for chain in lacking:
        _refuse_second(chain, number, log)
    promised = digest(document_bytes(selection))
    made: list[int] = []
    # Every mix before this one is checked, and this one is made and checked.
    checked = number * sum(chain.count.ballots for chain in chains)
    shuffled = sum(chain.count.ballots for chain in lacking)
    foretold = _foretold(manifest, chains, shuffled, checked) if workers is HERE else None
    unit = "ciphertexts shuffled or checked"
    with progress("mixing", shuffled + checked, unit, foretold) as advance:
        for turn, files in workers.run(_take_turn, _turns(chains, number)):
            chain = Chain(room, manifest, turn.count)
            advance(turn.count.ballots * (len(turn.before) + (files is not None)))
            if files is not None:
                promise_selection(home.path, manifest.digest.hex(), promised)
                signed = sign_mix(manifest, turn.count, number, files, home.signing_key)
                write_directory(chain.folder(number), signed)
                made.append(turn.count.count)
            _publish_signature(chain, number)
        for link, _ in workers.run(Link.verify, _own(chains, number)):
            advance(link.count.ballots)
    return sorted(made)


def _foretold(
    manifest: Manifest, chains: Sequence[Chain], shuffled: int, checked: int
) -> float | None:
    """Ciphertexts in a second, for lists so large that nothing is done for a while."""
    if max((chain.count.ballots for chain in chains), default=0) < LARGE:
        return None
    speed = rehearse(manifest.crypto_group)
    return (shuffled + checked) / (shuffled / speed.shuffled + checked / speed.checked)


@dataclass(frozen=True)
class _Turn:
    """One count: what came before, and whether it is to be mixed now."""

    manifest: Manifest
    count: Count
    number: int
    before: tuple[Link, ...]
    data: bytes
    lacking: bool


def _turns(chains: Iterable[Chain], number: int) -> Iterator[_Turn]:
    for chain in chains:
        before = tuple(chain.links(number - 1))
        data = before[-1].files.get(OUTPUT, b"") if before else chain.input()
        lacking = not chain.exists(number)
        yield _Turn(chain.manifest, chain.count, number, before, data, lacking)


def _take_turn(turn: _Turn) -> dict[str, bytes] | None:
    """The files of this mixer's shuffle, to be signed, after checking every mix before it. The
    randomness is this call's own.

    Raises VerificationError (`mix.…`).
    """
    for link in turn.before:
        link.verify()
    if not turn.lacking:
        return None
    return shuffle_list(turn.manifest, turn.count, turn.number, turn.data)


def _own(chains: Iterable[Chain], number: int) -> Iterator[Link]:
    """This mixer's directory of every count as it lies in the room."""
    for chain in chains:
        *_, own = chain.links(number)
        yield own


def _refuse_second(chain: Chain, number: int, log: Log) -> None:
    """A mix that others have built on, or that the log announces, is never made anew."""
    later = [k for k in range(number + 1, chain.mixers + 1) if chain.exists(k)]
    announced = log.digest_of(kinds.MixedEntry, chain.count.count) is not None
    if later or announced or chain.place(number).exists():
        raise Refused(
            f"Your mix of count {chain.count.count} is missing here, but later steps stand on it. A"
            " second one would not fit them, so nothing was mixed; bring back the folder"
            f" {chain.folder(number)}."
        )


def _publish_signature(chain: Chain, number: int) -> None:
    """Of a restricted directory the record holds the signature, which commits to every byte."""
    place = chain.place(number)
    if chain.folder(number) != place and not place.is_dir():
        write_directory(place, {SIGNATURE: chain.read(number)[SIGNATURE]})


def announce(room: Workspace, manifest: Manifest, selection: Selection) -> None:
    """Write what the log must learn: the finished mixes of every count."""
    for row in selection.counts:
        if row.status == "counted":
            document = kinds.Announcement(
                election=manifest.digest.hex(),
                kind="mixed",
                count=row.count,
                digest=Chain(room, manifest, row).digest(),
            )
            write_atomic(room.announcement("mixed", row.count), document_bytes(document))
