"""An election whose polls are open: a signed manifest, trust, a collector's home, and its voters.

Everything is real but the key ceremony's proofs (see `election.office`), and everything is shared:
a test that changes something takes its own copy.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import secrets
import shutil
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import sqlalchemy as sa
from cryptography.x509.oid import NameOID
from fastapi import FastAPI

from crypto import sealed
from crypto.errors import EncodingError
from crypto.signing import SigningKey
from tests.choices import chosen
from tests.voting.conftest import Issue
from tests.voting.election.office import OFFICIALS, PASSPHRASE, TRUSTEES, Office
from tests.witnesses import Witnesses
from voting.acceptance import Context, accept
from voting.ballot.ballot import Anchor, build
from voting.collector import documents, home, store
from voting.collector.app import make_app
from voting.collector.claim import Claim, Stored
from voting.collector.documents import Addition
from voting.collector.examining import Examined
from voting.collector.following import Follower
from voting.collector.health import Health
from voting.collector.home import Home
from voting.collector.ledger import Ledger, read_checked
from voting.collector.limits import shared_room
from voting.collector.publishing import Publisher, cosign
from voting.collector.qualifying import Qualifier
from voting.collector.reading import Reading
from voting.collector.sequencer import Sequencer
from voting.collector.settings import NAME, Database, Settings, read_settings
from voting.collector.submission import Submission
from voting.collector.wiring import make_voters
from voting.eid.cards import SoftwareCard
from voting.eid.container import parse
from voting.eid.profile import EidProfile
from voting.eid.signing import add_signature
from voting.eid.web_eid import LOCAL, make_token
from voting.election.access import verify_access_entries
from voting.election.assembly import assemble
from voting.election.documents import canonical, digest
from voting.election.entries import parse_log
from voting.election.manifest import Manifest
from voting.election.orders import make_order
from voting.election.signatures import Trust, sign_manifest, trust_file
from voting.files import read_tree
from voting.roll.roll import Follows, Person, Roll, published_digest

PATIENCE = 5.0  # seconds that receipts wait for witnesses
KITA, MINAMI, ALSO_KITA, CHILD, STRANGER = 101, 102, 103, 104, 999
CHOICES = {
    "style-kita": {"mayor": 3, "assembly-kita": 0},
    "style-minami": {"mayor": 5, "assembly-minami": 7},
}


def identifier(number: int) -> str:
    return f"{700000000000 + number}"


def signer_of(container: bytes) -> str:
    """The roll identifier of who signed a container; of what is none, somebody's."""
    try:
        certificate = parse(container, "ballot.json", 1 << 24).signatures[0].certificate
    except EncodingError:
        return identifier(KITA)
    (name,) = certificate.subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER)
    return str(name.value).removeprefix("TEST-")


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def sign(document: bytes, name: str, *cards: SoftwareCard) -> bytes:
    """The signed container of a document."""
    container = None
    for card in cards:
        container = add_signature(container, name, document, card, now())
    assert container is not None
    return container.encode()


@dataclass(frozen=True)
class Polls:
    """Read it, never change it."""

    root: Path
    office: Office
    issue: Issue
    manifest: Manifest
    profile: EidProfile
    roll: Roll

    @property
    def election(self) -> Path:
        return self.root / "election"

    @property
    def trust(self) -> Trust:
        return Trust.parse((self.root / "trust" / "trust.json").read_bytes())

    @property
    def log_key(self) -> SigningKey:
        return self.office.keys["collector"]

    @property
    def officials(self) -> tuple[SoftwareCard, ...]:
        """Two of the three: as many as are required."""
        return self.issue(1), self.issue(2)

    def witnesses(self, folder: Path) -> Witnesses:
        """The witnesses of a log of this election, who remember in a folder what they saw."""
        return Witnesses(self.manifest, self.office.keys, folder)

    def persons(self) -> dict[str, Person]:
        return self.roll.by_identifier()

    def home(self, target: Path) -> Home:
        """A copy of the collector's home, voting being open."""
        return reopen(self.copy_home(target))

    def copy_home(self, target: Path, url: str | None = None) -> Path:
        """A copy of the collector's home, on SQLite or with another database that has its log."""
        shutil.copytree(self.root / "collector", target)
        if url is not None:
            (target / "collector.sqlite").unlink()
            (target / NAME).write_text(f'[database]\nurl = "{url}"\n')
        return target

    def make_database(self, target: Path, url: str) -> None:
        """Make a home on PostgreSQL and open voting."""
        settings = Settings(database=Database(url=url))
        roll = self.root / "roll-0001.asice"
        made = home.init(target, self.election, self.root / "party", roll, PASSPHRASE, settings)
        opened = order_addition(self.manifest, "opened", 1, *self.officials)
        documents.append(made.engine, self.manifest, self.log_key, opened)
        made.engine.dispose()

    def ballot(
        self,
        ledger: Ledger,
        voter: int = KITA,
        *,
        manifest: Manifest | None = None,
        style: str | None = None,
        choices: Mapping[str, int] | None = None,
        seed: bytes | None = None,
        roll_version: int = 1,
        anchor: Anchor | None = None,
    ) -> bytes:
        """ballot.json of a voter who sees this log."""
        style = style or ("style-minami" if voter == MINAMI else "style-kita")
        manifest = manifest or self.manifest
        return build(
            manifest,
            manifest.style(style),
            identifier(voter),
            chosen(choices or CHOICES[style]),
            seed or secrets.token_bytes(32),
            roll_version=roll_version,
            anchor=anchor or Anchor(size=ledger.size, root=ledger.root_at(ledger.size).hex()),
        )

    def next_roll(self, roll: Roll) -> Roll:
        """The next version of a roll, with the same people."""
        before = published_digest(roll.encode(), roll.salt)
        version, election = roll.version + 1, self.manifest.digest.hex()
        follows = Follows(election=election, roll=before)
        return roll.model_copy(
            update={"version": version, "follows": follows, "salt": f"{version:064x}"}
        )

    def signed(self, ballot: bytes, voter: int = KITA) -> bytes:
        """The container in which a voter signs ballot.json."""
        return sign(ballot, "ballot.json", self.issue(voter))


def receipt_of(stored: Stored) -> bytes:
    """The receipt that a ballot must have by now."""
    assert stored.receipt is not None
    return stored.receipt


def reopen(folder: Path) -> Home:
    """A collector's home with its own server file, if it has one."""
    return home.open_home(folder, read_settings(folder, None))


def open_polls(root: Path, office: Office, issue: Issue) -> Polls:
    """Sign the manifest, make the collector's home, and open voting."""
    data = _sign_election(root, office, issue)
    manifest = Manifest.parse(data)
    roll = root / "roll-0001.asice"
    roll.write_bytes(sign(office.roll.read_bytes(), "roll-0001.json", issue(1), issue(2)))
    key, party = office.keys["collector"], root / "party"
    party.mkdir()
    shutil.copy(office.parties / "collector.json", party / "party.json")
    box = sealed.seal(key.secret_seed(), PASSPHRASE, "key", strength="test")
    (party / "key.sealed").write_bytes(box)
    made = home.init(root / "collector", root / "election", party, roll, PASSPHRASE)
    opened = order_addition(manifest, "opened", 1, issue(1), issue(2))
    documents.append(made.engine, manifest, key, opened)
    made.engine.dispose()
    return Polls(
        root, office, issue, manifest, made.profile, Roll.parse(office.roll.read_bytes(), "roll")
    )


def order_addition(
    manifest: Manifest, kind: str, number: int, *cards: SoftwareCard, reason: str = "a test"
) -> Addition:
    """What the operator appends by an order that these officials signed."""
    order = make_order(manifest, kind, number, reason)
    container = sign(order.encode(), f"{order.name}.json", *cards)
    digests = {"order": digest(order.encode())}
    return Addition(kind, digests, store.orders, container, number)


def _sign_election(root: Path, office: Office, issue: Issue) -> bytes:
    file, election = office.file(), root / "election"
    messages = read_tree(office.ceremony, 1 << 20)
    data = assemble(file, office.parties, messages, office.roll.read_bytes())
    shutil.copytree(office.root / "eid_profile", election / "eid_profile")
    shutil.copytree(office.ceremony, election / "ceremony")
    (election / "election.yaml").write_bytes(file.data)
    (election / "manifest.json").write_bytes(data)
    signers = [issue(number) for number, _ in enumerate(OFFICIALS[:2], 1)]
    (election / "manifest.asice").write_bytes(sign(data, "manifest.json", *signers))
    (election / "manifest.trustees.json").write_bytes(trustee_signatures(data, office))
    (root / "trust").mkdir()
    (root / "trust" / "trust.json").write_bytes(trust_file(Manifest.parse(data)))
    return data


def trustee_signatures(manifest: bytes, office: Office) -> bytes:
    """manifest.trustees.json."""
    signatures = [
        {"trustee": trustee, "signature": sign_manifest(manifest, office.keys[trustee])}
        for trustee in TRUSTEES
    ]
    return canonical({"schema": "sukashi/manifest-trustees/1", "signatures": signatures})


@dataclass
class Clock:
    """A collector's clock that a test may turn."""

    time: dt.datetime

    def __call__(self) -> dt.datetime:
        return self.time

    def turn(self, **by: float) -> None:
        self.time += dt.timedelta(**by)


def may_always_write(_connection: sa.Connection) -> None:
    """The fence of a sequencer that needs no lease: the write lock alone keeps one chain."""


class Collector:
    """A collector on a home, without HTTP; ballots are stored once it is started."""

    def __init__(
        self, polls: Polls, opened: Home, clock: Clock, witnesses: Witnesses | None = None
    ) -> None:
        """`witnesses`: of its log; new ones, if none are given and the election has them."""
        self.polls, self.home, self.clock = polls, opened, clock
        self.witnesses = witnesses or polls.witnesses(opened.path / "witnesses")
        engine, manifest = opened.engine, polls.manifest
        ledger = Ledger(manifest)
        read_checked(engine, ledger)
        self.sequencer = Sequencer(
            engine, manifest, polls.log_key, ledger, may_always_write, clock, self.publisher()
        )
        self.follower = Follower(engine, manifest)
        self.submission = Submission(
            engine,
            manifest,
            polls.profile,
            self.follower,
            self.sequencer,
            Qualifier(polls.profile),
            clock,
        )
        self.reading = Reading(engine, manifest, self.follower, clock)
        self.settings = Settings()
        with shared_room() as room:  # what is open stays
            self.voters = make_voters(
                engine, manifest, polls.profile, self.follower, self.settings, LOCAL, room, clock
            )

    def publisher(self, patience: float = PATIENCE) -> Publisher | None:
        """What takes the log's heads to the witnesses, if there are any."""
        if not self.witnesses.members:
            return None
        return Publisher(self.home.engine, self.polls.manifest, self.witnesses.remote(), patience)

    def start(self) -> None:
        self.sequencer.start()

    def stop(self) -> None:
        self.sequencer.stop()

    def again(self) -> Collector:
        """Another collector on the same database."""
        return Collector(self.polls, self.home, self.clock, self.witnesses)

    def app(self) -> FastAPI:
        health = Health(self.follower, lambda: self.submission.obstacle, self.home.path)
        return make_app(self.submission, self.reading, self.voters, self.home.files, health)

    def log_in(self, voter: int = KITA) -> str:
        """A new session of a voter: its secret."""
        sessions = self.voters.sessions
        challenge = sessions.challenge()
        token = make_token(self.polls.issue.login(voter), LOCAL, challenge.nonce)
        return sessions.log_in(challenge, token)

    def session(self, voter: int = KITA) -> dict[str, str]:
        """The header of a request in a new session of a voter."""
        return {"Authorization": f"Bearer {self.log_in(voter)}"}

    def submit(self, container: bytes) -> Stored:
        """What a voter sends who is logged in; of what is no container, the voter of Kita."""
        return asyncio.run(self.submission.submit(container, signer_of(container)))

    def claim(self, container: bytes) -> Claim:
        """What a voter's ballot is handed to the sequencer as, once it passed the checks."""
        found = self.submission._examiner.hand_in(container, signer_of(container)).result()
        assert isinstance(found, Examined)
        return asyncio.run(self.submission._qualified(container, found))

    def post(self, web: httpx.Client, container: bytes) -> httpx.Response:
        """The same over HTTP."""
        headers = self.session(int(signer_of(container)) - 700000000000)
        return web.post("/ballots", content=container, headers=headers)

    def ballot(self, voter: int = KITA, *, seed: bytes | None = None) -> bytes:
        """A signed ballot of a voter who sees the log as it is now."""
        return self.polls.signed(self.polls.ballot(self.home.ledger(), voter, seed=seed), voter)

    def order(self, kind: str, reason: str = "a test") -> int:
        """Two officials order it, and the operator carries it out."""
        number = self.home.ledger().orders + 1
        manifest = self.polls.manifest
        return self.append(
            order_addition(manifest, kind, number, *self.polls.officials, reason=reason)
        )

    def append(self, addition: Addition) -> int:
        """What the operator appends, by another process or none."""
        key, engine, manifest = self.polls.log_key, self.home.engine, self.home.manifest
        sequence = documents.append(engine, manifest, key, addition, self.clock)
        cosign(engine, manifest, self.witnesses.remote(), PATIENCE)
        return sequence

    def audit_everything(self) -> list[bytes]:
        """What an auditor with the whole database would do; the log's entries.

        The log is read and checked, and every ballot is accepted again at its place and time.
        """
        ledger = Ledger(self.home.manifest)
        read_checked(self.home.engine, ledger)
        verify_access_entries(parse_log(list(ledger.raw)))
        with store.reading(self.home.engine) as connection:
            ballots = connection.execute(
                sa.select(store.ballots.c.sequence, store.ballots.c.container).order_by(
                    store.ballots.c.sequence
                )
            ).all()
            rolls = {
                version: _persons(version, container)
                for version, container in connection.execute(
                    sa.select(store.rolls.c.version, store.rolls.c.container)
                )
            }
        earlier: defaultdict[str, list[int]] = defaultdict(list)
        seen: set[bytes] = set()
        for sequence, container in ballots:
            before = ledger.entries[:sequence]
            version = sum(entry.kind == "roll" for entry in before)
            ordered = [e.kind for e in before if e.kind in ("opened", "suspended", "resumed")]
            context = Context(
                manifest=self.polls.manifest,
                profile=self.polls.profile,
                roll_version=version,
                persons=rolls[version],
                phase="suspended" if ordered[-1] == "suspended" else "open",
                log=LogBefore(ledger, sequence),
                earlier=earlier.__getitem__,
                seen=seen.__contains__,
                now=ledger.time_of(sequence),
            )
            accepted = accept(container, context)
            earlier[accepted.identifier].append(sequence)
            seen.update(accepted.first_components())
        return list(ledger.raw)

    def count_entries(self) -> int:
        """How many entries the audited log has, but for those of the access log: how many of these
        there are depends on the time of the day."""
        return sum(entry.kind != "access" for entry in parse_log(self.audit_everything()))


def _persons(version: int, container: bytes) -> dict[str, Person]:
    name = f"roll-{version:04d}.json"
    return Roll.parse(parse(container, name, 1 << 24).data, name).by_identifier()


@dataclass(frozen=True)
class LogBefore:
    """The log as it stood before an entry."""

    ledger: Ledger
    size: int

    def root_at(self, size: int) -> bytes:
        return self.ledger.root_at(size)

    def time_of(self, index: int) -> dt.datetime:
        return self.ledger.time_of(index)
