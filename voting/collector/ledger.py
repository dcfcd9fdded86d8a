"""The log in memory: entries, tree and state, always a prefix of what the database holds.

Several processes may append to one database. Whoever writes calls `begin` inside the writing
transaction first; the write lock then guarantees that the head it sees is the head.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from crypto.errors import EncodingError, SukashiError
from crypto.signing import PublicKey, SigningKey
from crypto.tlog import Checkpoint, Tree, VerifierKey, leaf_hash
from crypto.tlog.checkpoint import open_checkpoint, sign_checkpoint
from voting.acceptance.checks import Phase
from voting.collector import heads, store
from voting.collector.access import Period
from voting.collector.entries import TIME_FORMAT, Entries, Raw, entry_bytes, read_entry
from voting.eid import container as containers
from voting.eid.officials import LIMIT
from voting.election.documents import digest, salted_digest
from voting.election.entries import NO_PREVIOUS, Entry, OrderedEntry
from voting.election.manifest import Manifest
from voting.election.orders import order_name
from voting.roll.roll import PaperList, Roll

_STREAMED = {"yield_per": 1000}  # rows in memory
_INSERT_CHECKPOINT = sa.insert(store.checkpoints)


class DatabaseDamagedError(SukashiError):
    """What the database holds is not what was stored; the collector must not go on."""


class Ledger:
    """Entries, tree and what follows from them. Not safe for concurrent use."""

    def __init__(self, manifest: Manifest) -> None:
        self.manifest = manifest
        self.tree = Tree()
        self.entries = Entries(self.tree)
        self.raw = Raw(self.entries)
        self.phase: Phase = "prepared"
        self.orders = 0  # how many officials have given
        self.roll_version = 0
        self.covered = ""  # while open: until when the access log has its roots

    # -- the LogView of acceptance ----------------------------------------------------------------

    @property
    def size(self) -> int:
        return self.tree.size

    def root_at(self, size: int) -> bytes:
        return self.tree.root(size)

    def time_of(self, index: int) -> dt.datetime:
        return self.entries.time(index)

    # -- state ------------------------------------------------------------------------------------

    def _note(self, entry: Entry) -> None:
        """Keep phase and roll version, so that no request walks through all entries."""
        match entry.kind:
            case "opened" | "resumed":
                self.phase, self.orders = "open", self.orders + 1
                self.covered = self.covered or entry.time
            case "suspended":
                self.phase, self.orders = "suspended", self.orders + 1
            case "access":
                self.covered = entry.until
            case "closed":
                self.phase, self.orders, self.covered = "closed", self.orders + 1, ""
            case "roll":
                self.roll_version = entry.version

    @property
    def head(self) -> str:
        """What the next entry's `previous` must be."""
        return self.entries.leaf(self.size - 1) if self.size else NO_PREVIOUS

    # -- reading ----------------------------------------------------------------------------------

    def catch_up(self, connection: Connection) -> None:
        """Read what other processes appended.

        Raises:
            DatabaseDamagedError: the new entries do not follow from the old ones.
        """
        for sequence, data in store.entries_from(connection, self.size):
            self._add(sequence, data)

    def _add(self, sequence: int, data: bytes) -> None:
        try:
            entry = read_entry(data, f"entry {sequence}")
        except EncodingError as fault:
            raise DatabaseDamagedError(f"the log is damaged: {fault}") from fault
        self._follow(sequence, entry, data)

    def _follow(self, sequence: int, entry: Entry, data: bytes) -> None:
        if (
            sequence != self.size
            or entry.sequence != sequence
            or entry.previous != self.head
            or entry.time < self.entries.last_time
        ):
            raise DatabaseDamagedError(f"the log is damaged: entry {sequence} does not follow")
        self.entries.append(entry)
        self.tree.append(leaf_hash(data))
        self._note(entry)

    # -- writing ----------------------------------------------------------------------------------

    def begin(self, connection: Connection) -> None:
        """Catch up under the write lock, before anything is appended.

        Raises:
            DatabaseDamagedError: as `catch_up`, or the database does not hold all that this ledger
                has; to append then would sign entries that exist nowhere.
        """
        own = self.size
        found = store.entries_from(connection, max(own - 1, 0))
        if own > 0:
            sequence, last = next(found, (own, b""))
            if sequence != own - 1 or leaf_hash(last).hex() != self.head:
                raise DatabaseDamagedError(f"the database does not hold entry {own - 1}")
        for sequence, data in found:
            self._add(sequence, data)
        if self.size == 0:
            raise DatabaseDamagedError("the database holds no entries")

    def next_time(self, now: dt.datetime) -> str:
        """The time of the next entry: now, but never before the last one."""
        return max(now.strftime(TIME_FORMAT), self.entries.last_time)

    def append(self, connection: Connection, entry: Entry) -> int:
        """Append one entry in the caller's writing transaction, after `begin`."""
        data = self.follow(entry)
        values = {"sequence": entry.sequence, "previous": entry.previous, "entry": data}
        connection.execute(sa.insert(store.entries).values(values))
        return entry.sequence

    def follow(self, entry: Entry) -> bytes:
        """As `append`, for a caller that inserts the row itself; the entry's bytes."""
        data = entry_bytes(entry)
        self._follow(self.size, entry, data)
        return data

    def sign(self, connection: Connection, key: SigningKey) -> None:
        """Sign and store the checkpoint of the log as it is now, in the same transaction."""
        checkpoint = Checkpoint(self.manifest.origin, self.size, self.tree.root())
        note = sign_checkpoint(checkpoint, key).encode()
        connection.execute(_INSERT_CHECKPOINT, {"size": self.size, "note": note})

    def forget(self, size: int) -> None:
        """Return to an earlier size, after a transaction that did not commit."""
        if size == self.size:
            return
        self.entries.truncate(size)
        self.tree.truncate(size)
        self.phase, self.roll_version, self.orders, self.covered = "prepared", 0, 0, ""
        for entry in self.entries.others:
            self._note(entry)

    # -- proofs -----------------------------------------------------------------------------------

    def receipt(self, connection: Connection, sequence: int) -> bytes | None:
        """The tlog-proof of an entry under the first head that counts and covers it; None where it
        waits for its witnesses."""
        return self.receipts(connection, [sequence])[0]

    def receipts(self, connection: Connection, sequences: Sequence[int]) -> list[bytes | None]:
        """The same of several, ascending."""
        wanted = [(sequence, self.raw[sequence]) for sequence in sequences]
        return heads.receipts(connection, self.manifest, self.tree, wanted)

    @property
    def verifier_key(self) -> VerifierKey:
        key = PublicKey(self.manifest.parties.collector.public_key)
        return VerifierKey(self.manifest.origin, key)


def read_checked(engine: Engine, ledger: Ledger) -> None:
    """Read everything and check it against the log: chain, tree, every checkpoint, and the digests
    of every ballot, roll, list of paper voters and access row.

    What only saves time (`voter`, `fetch`, `components`) is not compared: whoever replays the box
    reads it from the ballots.

    Raises:
        DatabaseDamagedError: naming the first thing that is wrong.
    """
    try:
        with store.reading(engine) as connection:
            _require_version(connection)
            ledger.catch_up(connection)
            _verify_checkpoints(connection, ledger)
            _verify_cosignatures(connection, ledger)
            _verify_ballots(connection, ledger)
            _verify_documents(connection, ledger)
            _verify_accesses(connection, ledger)
    except sa.exc.DatabaseError as fault:
        raise DatabaseDamagedError(f"the database cannot be read: {fault.orig}") from fault


def read_log(engine: Engine, ledger: Ledger) -> None:
    """Read the log and check its chain and its newest checkpoint: enough for a process that only
    reads, beside a sequencer that read everything.

    Raises:
        DatabaseDamagedError: naming the first thing that is wrong.
    """
    try:
        with store.reading(engine) as connection:
            _require_version(connection)
            ledger.catch_up(connection)
            _check_note(ledger, ledger.size, heads.newest_signed(connection).note)
    except sa.exc.DatabaseError as fault:
        raise DatabaseDamagedError(f"the database cannot be read: {fault.orig}") from fault


def _require_version(connection: Connection) -> None:
    version = store.version(connection)
    if version != store.SCHEMA_VERSION:
        raise DatabaseDamagedError(
            f"the database's tables are of version {version or 'none'}, this program's of version"
            f" {store.SCHEMA_VERSION}"
        )


def _verify_checkpoints(connection: Connection, ledger: Ledger) -> None:
    last = 0
    table = store.checkpoints.c
    query = sa.select(table.size, table.note).order_by(table.size)
    for size, note in connection.execute(query, execution_options=_STREAMED):
        _check_note(ledger, size, note)
        last = size
    if last != ledger.size:
        raise DatabaseDamagedError(f"the last checkpoint covers {last} of {ledger.size} entries")


def _verify_cosignatures(connection: Connection, ledger: Ledger) -> None:
    """Every cosigned head has its cosignatures, and is of this log."""
    table = store.cosignatures.c
    query = sa.select(table.size, table.note).order_by(table.size)
    for size, note in connection.execute(query, execution_options=_STREAMED):
        try:
            found = heads.check(note, ledger.manifest, ledger.tree).size
        except SukashiError as fault:
            raise DatabaseDamagedError(f"the cosigned head {size} is damaged: {fault}") from fault
        if found != size or not ledger.manifest.parties.witnesses.required:
            raise DatabaseDamagedError(f"the cosigned head {size} is not of this log")


def _verify_ballots(connection: Connection, ledger: Ledger) -> None:
    b = store.ballots.c
    query = sa.select(b.sequence, b.container, b.qualification).order_by(b.sequence)
    rows = iter(connection.execute(query, execution_options=_STREAMED))
    for sequence, container, qualification in ledger.entries.ballots:
        row = next(rows, None)
        if row is None or row.sequence != sequence:
            raise DatabaseDamagedError("the stored ballots are not those of the log")
        if (digest(row.container), digest(row.qualification)) != (container, qualification):
            raise DatabaseDamagedError(f"ballot {row.sequence} is not the one in the log")
    if next(rows, None) is not None:
        raise DatabaseDamagedError("the stored ballots are not those of the log")


def _verify_documents(connection: Connection, ledger: Ledger) -> None:
    """Rolls, paper lists and orders are those of the log, in its order; officials' signatures are
    checked where a document is used."""
    rolls = connection.scalars(sa.select(store.rolls.c.container).order_by(store.rolls.c.version))
    papers = connection.scalars(
        sa.select(store.papers.c.container).order_by(store.papers.c.sequence)
    )
    for kind, found in (("roll", rolls.all()), ("paper", papers.all())):
        entries = [entry for entry in ledger.entries.others if entry.kind == kind]
        if len(found) != len(entries):
            raise DatabaseDamagedError(f"the stored documents ({kind}) are not those of the log")
        for entry, container in zip(entries, found, strict=True):
            try:
                damaged = _salted_digest(entry, container) != getattr(entry, "digest", None)
            except EncodingError as fault:
                raise DatabaseDamagedError(f"a stored {kind} is damaged: {fault}") from fault
            if damaged:
                why = f"the {kind} of entry {entry.sequence} is not the one in the log"
                raise DatabaseDamagedError(why)
    _verify_orders(connection, ledger)


def _verify_orders(connection: Connection, ledger: Ledger) -> None:
    query = sa.select(store.orders.c.number, store.orders.c.container)
    rows = connection.execute(query.order_by(store.orders.c.number)).all()
    entries = [entry for entry in ledger.entries.others if isinstance(entry, OrderedEntry)]
    if [row.number for row in rows] != list(range(1, len(entries) + 1)):
        raise DatabaseDamagedError("the stored orders are not those of the log")
    for entry, row in zip(entries, rows, strict=True):
        name = f"{order_name(entry.kind, row.number)}.json"
        try:
            data = containers.parse(row.container, name, LIMIT).data
        except EncodingError as fault:
            raise DatabaseDamagedError(f"a stored order is damaged: {fault}") from fault
        if digest(data) != entry.order:
            why = f"the order of entry {entry.sequence} is not the one in the log"
            raise DatabaseDamagedError(why)


def _verify_accesses(connection: Connection, ledger: Ledger) -> None:
    """Every access entry has the root of the rows that it covers; later rows wait for theirs."""
    entries = [entry for entry in ledger.entries.others if entry.kind == "access"]
    roots = connection.execute(
        sa.select(store.access_roots).order_by(store.access_roots.c.sequence)
    ).all()
    if [row.sequence for row in roots] != [entry.sequence for entry in entries]:
        raise DatabaseDamagedError("the stored access roots are not those of the log")
    after = 0
    for entry, row in zip(entries, roots, strict=True):
        rows = store.access_rows(connection, after, row.number)
        if Period(rows, row.filler).root.hex() != entry.root:
            why = f"the accesses of entry {entry.sequence} are not those in the log"
            raise DatabaseDamagedError(why)
        after = row.number


def _salted_digest(entry: Entry, container: bytes) -> str:
    name = f"roll-{entry.version:04d}.json" if entry.kind == "roll" else "paper.json"
    data = containers.parse(container, name, LIMIT).data
    model = Roll if entry.kind == "roll" else PaperList
    return salted_digest(data, model.parse(data, name).salt)


def _check_note(ledger: Ledger, size: int, note: bytes) -> None:
    try:
        checkpoint = open_checkpoint(note, ledger.verifier_key)
        known = size <= ledger.size and checkpoint.size == size
        if not known or checkpoint.root != ledger.root_at(size):
            raise DatabaseDamagedError(f"the checkpoint of size {size} is not of this log")
    except SukashiError as fault:
        raise DatabaseDamagedError(f"the checkpoint of size {size} is damaged: {fault}") from fault


def read_orders(connection: Connection, ledger: Ledger) -> dict[str, bytes]:
    """The files of every order that the ledger's entries name: document and signatures."""
    query = sa.select(store.orders.c.number, store.orders.c.container)
    kinds = [entry.kind for entry in ledger.entries.others if isinstance(entry, OrderedEntry)]
    found: dict[str, bytes] = {}
    for row in connection.execute(query.order_by(store.orders.c.number)):
        if row.number <= len(kinds):
            name = order_name(kinds[row.number - 1], row.number)
            found[f"{name}.asice"] = row.container
            found[f"{name}.json"] = containers.parse(row.container, f"{name}.json", LIMIT).data
    return found
