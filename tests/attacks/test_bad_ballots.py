"""Every bad ballot is refused by all who see ballots: the collector does not store it; where a
collector colludes and stores it, the tally does not select from that box, and the verifier says
which rule it breaks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

from crypto.errors import VerificationError
from crypto.tlog import Checkpoint, leaf_hash, root_hash, sign_checkpoint, tile_files
from tally.log import Log
from tally.replay import replay
from tests.attacks.bad_ballots import BAD_BALLOTS, BadBallot, Polling
from tests.voting.polls import KITA, MINAMI, Collector
from verifier_app import runner
from verifier_app.evidence import Evidence
from verifier_app.readers.folder import Folder
from verifier_app.registry import load_checks
from voting.ballot.box import Box, write_box
from voting.election.documents import canonical, digest
from voting.election.entries import parse_log
from voting.files import read_tree

QUALIFICATION = b'{"ocsp":null,"schema":"sukashi/qualification/1","timestamp":null}'


class InMemory(Folder):
    """A record that is not on a disk."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.paths, self.irregular, self._files = set(files), [], files

    def read(self, path: str) -> bytes:
        return self._files[path]


@dataclass(frozen=True)
class Colluding:
    """What a collector that stores anything hands over: its log, and its box."""

    collector: Collector
    stored: Sequence[bytes]
    folder: Path

    @cached_property
    def raw(self) -> list[bytes]:
        """The honest beginning of the log, then every container, now."""
        found = list(self.collector.home.ledger().raw[:3])
        time = f"{self.collector.clock():%Y-%m-%dT%H:%M:%SZ}"
        for container in self.stored:
            entry = {
                "kind": "ballot",
                "sequence": len(found),
                "time": time,
                "previous": leaf_hash(found[-1]).hex(),
                "container": digest(container),
                "qualification": digest(QUALIFICATION),
            }
            found.append(canonical(entry))
        return found

    @cached_property
    def box(self) -> Path:
        path = self.folder / "box.sqlite"
        roll = (self.collector.polls.root / "roll-0001.asice").read_bytes()
        write_box(
            path,
            self.collector.polls.manifest.digest.hex(),
            entries=enumerate(self.raw),
            ballots=[(n, data, QUALIFICATION) for n, data in enumerate(self.stored, 3)],
            rolls=[(1, roll)],
            papers=[],
        )
        return path

    def replay(self) -> int:
        """What the tally does with every ballot of the box; the number of ballots that are right.

        Raises VerificationError.
        """
        polls = self.collector.polls
        log = Log(tuple(self.raw), tuple(parse_log(self.raw)))
        box = Box(self.box)
        ballots = replay(box, polls.manifest, polls.profile, log, {1: polls.roll}, _advance)
        found = len(list(ballots))
        box.close()
        return found

    def judge(self) -> set[str]:
        """The verifier's checks of ballots that fail."""
        polls = self.collector.polls
        head = Checkpoint(polls.manifest.origin, len(self.raw), root_hash(self.raw))
        log = {
            "checkpoint": sign_checkpoint(head, polls.log_key).encode(),
            **tile_files(self.raw),
        }
        files = read_tree(polls.election, 1 << 20) | {f"log/{n}": data for n, data in log.items()}
        evidence = Evidence(InMemory(files), self.box)
        checks = [c for c in load_checks() if c.function.__module__.endswith(".acceptance")]
        found = [runner.run_one(check, evidence) for check in checks]
        failed = {finding.id for finding in found if finding.status == "failed"}
        waiting = {finding.why for finding in found if finding.status == "not_run"}
        assert waiting <= {f"needs what {check_id} checks" for check_id in failed}
        return failed


def _advance(steps: int = 1) -> None:
    pass


def containers_of(collector: Collector) -> list[bytes]:
    """What the collector has stored, in order."""
    import sqlalchemy as sa

    from voting.collector import store

    query = sa.select(store.ballots.c.container).order_by(store.ballots.c.sequence)
    with store.reading(collector.home.engine) as connection:
        return list(connection.scalars(query).all())


@pytest.mark.parametrize("case", BAD_BALLOTS, ids=lambda case: case.name)
def test_bad_ballot_is_refused_by_collector_tally_and_verifier(
    case: BadBallot, collector: Collector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    container = case.make(Polling(collector), monkeypatch)
    honest = containers_of(collector)
    with pytest.raises(VerificationError) as refusal:
        collector.submit(container)
    assert refusal.value.check_id == case.refused
    assert containers_of(collector) == honest

    colluding = Colluding(collector, [*honest, container], tmp_path)
    with pytest.raises(VerificationError) as refusal:
        colluding.replay()
    assert (refusal.value.check_id, refusal.value.where) == (
        case.refused,
        f"ballot {3 + len(honest)}",
    )
    assert colluding.judge() == case.seen


def test_same_bytes_logged_twice_are_refused_by_tally_and_verifier(
    collector: Collector, tmp_path: Path
) -> None:
    """The collector gives the same receipt and stores nothing; one that colludes logs it twice."""
    container = collector.ballot()
    first, again = (collector.submit(container) for _ in range(2))
    assert (first.sequence, first.receipt) == (again.sequence, again.receipt)
    colluding = Colluding(collector, [container, container], tmp_path)
    with pytest.raises(VerificationError, match=r"accept\.anchor"):
        colluding.replay()
    assert colluding.judge() == {"box.anchor", "box.fresh"}


def test_honest_ballots_are_refused_by_nobody(collector: Collector, tmp_path: Path) -> None:
    """Otherwise a case could be refused for what its surroundings lack."""
    polling = Polling(collector)
    for voter in (KITA, MINAMI, KITA):
        polling.cast(polling.ballot(voter), voter)
    colluding = Colluding(collector, containers_of(collector), tmp_path)
    assert colluding.replay() == 3
    assert colluding.judge() == set()


def test_no_two_bad_ballots_have_one_name() -> None:
    assert len({case.name for case in BAD_BALLOTS}) == len(BAD_BALLOTS)


def test_every_rule_that_reads_a_ballot_has_a_bad_ballot_or_a_test_of_its_own() -> None:
    """Clock, certificates, limits, officials' orders and what the eID's services say are rules
    about something else than what a ballot holds."""
    from voting.acceptance import CHECK_IDS

    elsewhere = {"accept.open", "accept.suspended", "accept.certificate", "accept.voter_limit"}
    services = ("accept.timestamp.", "accept.ocsp.")
    of_ballots = {check_id for check_id in CHECK_IDS if not check_id.startswith(services)}
    assert {case.refused for case in BAD_BALLOTS} == of_ballots - elsewhere
