"""The collector's home folder: its party key, the election's files and the database."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from crypto.signing import SigningKey
from crypto.tlog import tile_files
from voting.ballot.box import write_box
from voting.collector import documents, heads, store
from voting.collector.documents import Addition
from voting.collector.ledger import Ledger, read_checked, read_orders
from voting.collector.publishing import Publisher, cosign
from voting.collector.settings import Settings
from voting.collector.witnesses import Witness, witnesses_of
from voting.console import Refused, Unfinished
from voting.eid.officials import verify_document
from voting.eid.profile import EidProfile
from voting.election import party
from voting.election.documents import digest, salted_digest
from voting.election.manifest import Manifest
from voting.election.signatures import check_signed_manifest
from voting.files import read_bounded, read_tree, write_atomic, write_directory, write_new
from voting.roll.roll import Roll

DATABASE = "collector.sqlite"  # where no other is named
KIND, POSTGRESQL = "database.txt", b"postgresql\n"  # of a home whose log is not in DATABASE
COSIGNING = 30.0  # seconds that a command waits for witnesses
_LIMIT = 1 << 28
_AT_ONCE = 1000  # ballots in memory


@dataclass(frozen=True)
class Home:
    """An initialised home; its key is opened only where something is signed."""

    path: Path
    manifest: Manifest
    files: dict[str, bytes]
    engine: Engine
    settings: Settings

    @property
    def disk(self) -> Path | None:
        """Where the database is, if it is on this machine."""
        return self.path if self.settings.database.url is None else None

    def witnesses(self) -> list[Witness]:
        """Those who cosign, at the addresses of the server file. Raises Refused."""
        return witnesses_of(self.manifest, self.settings.witness_addresses)

    def publisher(self) -> Publisher | None:
        """Of this election; None where it requires no witnesses. Raises Refused."""
        witnesses = self.witnesses()
        if not witnesses:
            return None
        patience = self.settings.sequencer.receipt_seconds
        return Publisher(self.engine, self.manifest, witnesses, patience)

    @cached_property
    def profile(self) -> EidProfile:
        """One for all who ask: it remembers which chains it verified."""
        prefix = "eid_profile/"
        profile = {n[len(prefix) :]: d for n, d in self.files.items() if n.startswith(prefix)}
        return EidProfile.parse(profile)

    def key(self, passphrase: str) -> SigningKey:
        """The log's signing key. Raises Refused if it is not the manifest's."""
        return _key(self.path, passphrase, self.manifest)

    def append(self, addition: Addition, key: SigningKey) -> int:
        """Append one entry that is no ballot, and have it cosigned; its sequence number.

        Raises:
            Unfinished: it is stored, and too few witnesses cosigned it.
        """
        witnesses = self.witnesses()
        sequence = documents.append(self.engine, self.manifest, key, addition)
        try:
            cosign(self.engine, self.manifest, witnesses, COSIGNING)
        except Unfinished as fault:
            raise Unfinished(f"log entry {sequence}, {addition.kind}, is stored. {fault}") from None
        return sequence

    def cosign(self) -> int:
        """Have the whole log cosigned; its size then. Raises Refused, Unfinished."""
        cosign(self.engine, self.manifest, self.witnesses(), COSIGNING)
        with store.reading(self.engine) as connection:
            head = heads.newest(connection, self.manifest)
        return 0 if head is None else head.size

    def ledger(self) -> Ledger:
        """The whole log, read and checked."""
        ledger = Ledger(self.manifest)
        read_checked(self.engine, ledger)
        return ledger


def _key(home: Path, passphrase: str, manifest: Manifest) -> SigningKey:
    key = party.open_home(home, passphrase).signing_key
    if key.public_key.hex != manifest.parties.collector.public_key:
        raise Refused(f"{home} holds a key that is not the collector's of this election")
    return key


def open_home(path: Path, settings: Settings | None = None) -> Home:
    """The home with these settings, or with the defaults.

    Raises:
        Refused: `voting collector init` did not make the folder and its database.
    """
    settings = settings or Settings()
    there, url = (path / "key.sealed").exists(), settings.database.url
    if url is None:
        there, url = (path / DATABASE).exists(), store.sqlite_url(path / DATABASE)
    engine = store.open_database(url)
    if not there or not _is_made(engine):
        if url != settings.database.url and (path / KIND).exists():
            raise Refused(
                f"the log of {path} is in a PostgreSQL database: name the server file that says"
                " where, with --config"
            )
        raise Refused(
            f"{path} is no collector's home yet; make it with: voting collector init (and if its"
            " database is elsewhere, name its server file with --config)"
        )
    if _is_begun(path, settings.database.url):
        write_atomic(path / KIND, POSTGRESQL)  # its log is there: from now on none is made anew
    files, manifest = _election(path / "election")
    return Home(path, manifest, files, engine, settings)


def _begun(url: str) -> bytes:
    """KIND until the log is known to be in this database. Where it is, and nothing secret."""
    address = sa.make_url(url)
    host, port = (address.query.get(n) or getattr(address, n) or "" for n in ("host", "port"))
    return POSTGRESQL + f"begun at {host}:{port}/{address.database}\n".encode()


def _is_begun(path: Path, url: str | None) -> bool:
    """Whether an `init` with this very database did not come to its end, so that it may go on."""
    kind = path / KIND
    return url is not None and kind.exists() and read_bounded(kind, 1 << 12) == _begun(url)


def _is_made(engine: Engine) -> bool:
    """Whether somebody made tables in a PostgreSQL database; SQLite's is made with its file."""
    if engine.dialect.name == "sqlite":
        return True
    with store.reading(engine) as connection:
        return store.version(connection) is not None


def _election(folder: Path) -> tuple[dict[str, bytes], Manifest]:
    """What the collector publishes of an election's folder, whatever else lies there.

    Raises:
        Refused: a signature is missing, or a file is not the manifest's.
    """
    files = read_tree(folder, _LIMIT)
    manifest = check_signed_manifest(files)
    named = {"election.yaml": manifest.digests.configuration} | {
        f"eid_profile/{name}": expected for name, expected in manifest.digests.eid_profile.items()
    }
    for name, expected in named.items():
        if name not in files or digest(files[name]) != expected:
            raise Refused(f"{folder / name} is missing or not the one that the manifest names")
    public = {*named, "manifest.json", "manifest.asice", "manifest.trustees.json"}
    return {name: files[name] for name in sorted(public)}, manifest


def init(
    path: Path,
    election: Path,
    party_home: Path,
    roll: Path,
    passphrase: str,
    settings: Settings | None = None,
) -> Home:
    """Make the database with its first two entries: the manifest and roll version 1.

    Raises:
        Refused: initialised already, a signature is missing, or the parts do not belong together.
    """
    settings = settings or Settings()
    url = settings.database.url
    if (path / DATABASE).exists():
        raise Refused(f"{path} is a collector's home already; nothing was changed")
    if url is not None:
        with _database(url) as engine:
            if _is_made(engine):
                raise Refused("the database holds a collector's log already; nothing was changed")
    if (path / KIND).exists() and not _is_begun(path, url):
        raise Refused(
            f"the log of {path} was begun in a PostgreSQL database. A second one under the same key"
            " would be a fork, so nothing was changed. Name that database's server file with"
            " --config, and go on with: voting collector serve"
        )
    files, manifest = _election(election)
    container = read_bounded(roll, _LIMIT)
    members = manifest.parties.officials
    certificates = [member.certificate for member in members.members]
    data = verify_document(
        container, "roll-0001.json", certificates, members.required, check_id="roll.signatures"
    )
    first = Roll.parse(data, str(roll))
    if salted_digest(data, first.salt) != manifest.digests.roll:
        raise Refused(f"{roll} is not the roll that the manifest names")
    _key(party_home, passphrase, manifest)
    copy = path / "election"
    if copy.exists() and _election(copy)[0] != files:
        raise Refused(f"{copy} holds another election; nothing was changed")
    for name in ("key.sealed", "party.json"):  # never over another party's key
        mode = 0o600 if name == "key.sealed" else 0o644
        write_new(path / name, read_bounded(party_home / name, _LIMIT), mode=mode)
    if not copy.exists():
        write_directory(copy, files)
    if url is None:
        _create_file(path, manifest, container, passphrase)
    else:
        write_atomic(path / KIND, _begun(url))  # first: whatever happens now, no other log begins
        with _database(url) as engine:
            _create(engine, manifest, container, _key(path, passphrase, manifest))
    return open_home(path, settings)


@contextmanager
def _database(url: str) -> Iterator[Engine]:
    engine = store.open_database(url)
    try:
        yield engine
    finally:
        engine.dispose()


def _create_file(path: Path, manifest: Manifest, roll: bytes, passphrase: str) -> None:
    """Make SQLite's file under another name and rename it when it is whole."""
    temporary = path / f"{DATABASE}.part"
    for suffix in ("", "-wal", "-shm"):
        Path(f"{temporary}{suffix}").unlink(missing_ok=True)
    temporary.touch(mode=0o600)  # it names voters
    with _database(store.sqlite_url(temporary)) as engine:
        _create(engine, manifest, roll, _key(path, passphrase, manifest))
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    temporary.rename(path / DATABASE)


def _create(engine: Engine, manifest: Manifest, roll: bytes, key: SigningKey) -> None:
    """Make the tables with the first two entries, in one transaction."""
    now, digests = dt.datetime.now(dt.UTC), manifest.digests
    additions = (
        Addition("manifest", {"manifest": manifest.digest.hex()}),
        Addition("roll", {"version": 1, "digest": digests.roll}, store.rolls, roll),
    )
    ledger = Ledger(manifest)
    with store.writing(engine) as connection:
        store.create_tables(connection)
        for addition in additions:
            documents.append_in(connection, ledger, key, addition, now)


def export(home: Home, out: Path) -> int:
    """Write the ballot box; the number of ballots in it.

    Raises:
        Refused: voting is not closed, or the file exists.
    """
    ledger = home.ledger()
    if ledger.phase != "closed":
        raise Refused("voting is not closed; the box is exported after: voting collector close")
    with store.reading(home.engine) as connection:
        documents.require_cosigned(connection, ledger)
    b, r, p = store.ballots, store.rolls, store.papers
    with store.reading(home.engine) as connection:
        query = sa.select(b.c.sequence, b.c.container, b.c.qualification).order_by(b.c.sequence)
        stored = connection.execution_options(yield_per=_AT_ONCE).execute(query)
        rolls = connection.execute(sa.select(r.c.version, r.c.container).order_by(r.c.version))
        papers = connection.execute(sa.select(p.c.sequence, p.c.container).order_by(p.c.sequence))
        write_box(
            out,
            home.manifest.digest.hex(),
            entries=enumerate(ledger.raw),
            ballots=map(tuple, stored),
            rolls=[tuple(row) for row in rolls],
            papers=[tuple(row) for row in papers],
        )
    return ledger.entries.ballot_count


def ballot(home: Home, sequence: int) -> tuple[bytes, bytes]:
    """Container and qualification of a stored ballot. Raises Refused where there is none."""
    b = store.ballots
    query = sa.select(b.c.container, b.c.qualification).where(b.c.sequence == sequence)
    with store.reading(home.engine) as connection:
        found = connection.execute(query).one_or_none()
    if found is None:
        raise Refused(f"log entry {sequence} is no ballot of this collector")
    return found.container, found.qualification


def write_log(home: Home, out: Path) -> int:
    """Write checkpoint, tiles and orders into a folder, of the log as far as enough witnesses
    cosigned it; its size there.

    Raises:
        Refused: the folder holds something that is not a log, or no head is cosigned yet.
    """
    ledger = home.ledger()
    with store.reading(home.engine) as connection:
        head = heads.newest(connection, home.manifest)
        if head is None:
            raise Refused("no head of the log is cosigned yet; first: voting collector cosign")
        ledger.forget(head.size)  # what came since is not confirmed
        orders = read_orders(connection, ledger)
    files = {**tile_files(ledger.raw), **{f"orders/{name}": orders[name] for name in orders}}
    if out.exists():
        foreign = {path.name for path in out.iterdir()} - {"checkpoint", "tile", "orders"}
        if foreign:
            raise Refused(f"{out} holds {min(foreign)}; name a folder for the log alone")
        for folder in ("tile", "orders"):
            shutil.rmtree(out / folder, ignore_errors=True)
    for name, data in files.items():
        write_atomic(out / name, data)
    write_atomic(out / "checkpoint", head.note)
    return ledger.size
