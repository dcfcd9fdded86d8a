"""A finished election in a forger's hands: its files, its log, and every signature made again.

What can be forged below the seals is in `forge`. Nothing of the verifier is used here.
"""

from __future__ import annotations

import base64
import copy
import dataclasses
import datetime as dt
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Self

from crypto import byte_tree
from crypto.byte_tree import integer, leaf_str
from crypto.groups import group_by_name
from crypto.signing import SigningKey
from crypto.tlog import (
    Checkpoint,
    Note,
    leaf_hash,
    read_entries,
    root_hash,
    sign_checkpoint,
    tile_files,
)
from tally.ceremony.share import KeyShare
from tally.documents import Count, Selection
from tally.proofs import (
    SIGNATURE,
    announced_digest,
    decryption_auxsid,
    mix_auxsid,
)
from tests.cosigned import cosigned
from tests.voting.eid.made import Made
from voting.ballot.box import TABLES
from voting.eid.cards import SoftwareCard, load_card
from voting.eid.container import parse
from voting.eid.signing import add_signature
from voting.election.access import hours_due
from voting.election.documents import canonical, digest, sign_message
from voting.election.entries import NO_PREVIOUS
from voting.election.manifest import Manifest
from voting.election.orders import ORDER_KINDS
from voting.election.party import open_home
from voting.files import read_tree

LIMIT = 1 << 28
SALT = "5a" * 32
Json = dict[str, Any]


class Keys:
    """Every key of a demonstration, each opened once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        passphrase = (root / "secrets/passphrase.txt").read_text().split("\n")[0]
        self._pin = (root / "secrets/pin.txt").read_text().strip()
        homes = sorted(path.parent for path in (root / "homes").glob("*/key.sealed"))
        opened = {home.name: open_home(home, passphrase) for home in homes}
        self.party = {name: home.signing_key for name, home in opened.items()}
        group = group_by_name("ristretto255")
        loaded = [KeyShare.load(home, group) for home in opened.values()]
        self.shares = {share.number: share for share in loaded if share is not None}
        self.card = cache(self._card)

    def _card(self, path: str) -> SoftwareCard:
        """A card by its path in the demonstration's folder."""
        return load_card(self.root / path, self._pin)

    def voter(self, identifier: str) -> SoftwareCard:
        return self.card(f"cards/{identifier}.p12")

    @cached_property
    def services(self) -> Made:
        """Time-stamping authority and OCSP responder of the test eID."""
        return Made(self.root / "pki")


@dataclass
class Sealed:
    """An election as published. Paths are those in the record; `entries` lack sequence and
    previous, unless a forger sets them; `trust` is the folder that auditors are given; `rows` are
    those of tables of the box that a forger writes instead of the true ones."""

    keys: Keys
    files: dict[str, bytes]
    restricted: dict[str, bytes]
    entries: list[Json]
    ballots: dict[int, tuple[bytes, bytes]]
    rolls: dict[int, bytes]
    papers: dict[int, bytes]
    seal: bytes
    officials: tuple[SoftwareCard, ...]
    about: dict[str, str]
    trust: dict[str, bytes]
    rows: dict[str, Sequence[Sequence[object]]] = field(default_factory=dict)

    # -- reading and writing ----------------------------------------------------------------------

    @classmethod
    def load(cls, root: Path, keys: Keys) -> Self:
        """The election in a demonstration's folder, as it was published."""
        files = read_tree(root / "record", LIMIT)
        lines = files["log/checkpoint"].decode().split("\n")
        tiles = {path[4:]: data for path, data in files.items() if path.startswith("log/tile/")}
        entries = _entries(tiles, lines)
        with closing(sqlite3.connect(root / "box.sqlite")) as db:
            ballots = {row[0]: row[1:] for row in db.execute("SELECT * FROM ballots")}
            return cls(
                keys,
                files,
                dict(db.execute("SELECT * FROM files")),
                entries,
                ballots,
                dict(db.execute("SELECT * FROM rolls")),
                dict(db.execute("SELECT * FROM papers")),
                db.execute("SELECT container FROM seal").fetchone()[0],
                tuple(keys.card(f"homes/official-{n}/card.p12") for n in (1, 2, 3)),
                dict(db.execute("SELECT * FROM about")),
                read_tree(root / "trust", LIMIT),
            )

    def copy(self) -> Self:
        """One to change."""
        return dataclasses.replace(
            self,
            files=dict(self.files),
            restricted=dict(self.restricted),
            entries=copy.deepcopy(self.entries),
            ballots=dict(self.ballots),
            rolls=dict(self.rolls),
            papers=dict(self.papers),
            about=dict(self.about),
            trust=dict(self.trust),
            rows=dict(self.rows),
        )

    def write(self, folder: Path) -> None:
        """`record/` and `box.sqlite` in a folder."""
        for path, data in self.files.items():
            target = folder / "record" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        self.write_box(folder / "box.sqlite")

    def write_box(self, path: Path) -> None:
        with closing(sqlite3.connect(path)) as db, db:
            db.execute("PRAGMA synchronous=OFF")
            for statement in TABLES.values():
                db.execute(statement)
            for table, values in {**self.tables(), **self.rows}.items():
                for row in values:
                    db.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)

    def tables(self) -> dict[str, Sequence[Sequence[object]]]:
        """The rows of every table of the box, as they must be."""
        kinds = [entry.get("kind") for entry in self.entries]
        size = kinds.index("box") if "box" in kinds else len(kinds)  # a log without its seal
        return {
            "about": list(self.about.items()),
            "entries": list(enumerate(self.chain(size))),
            "ballots": [(sequence, *pair) for sequence, pair in self.ballots.items()],
            "rolls": list(self.rolls.items()),
            "papers": list(self.papers.items()),
            "seal": [(1, self.seal)],
            "files": list(self.restricted.items()),
        }

    # -- looking around ---------------------------------------------------------------------------

    @property
    def manifest(self) -> Manifest:
        return _parsed(self.files["manifest.json"])

    @property
    def E(self) -> bytes:
        return bytes.fromhex(digest(self.files["manifest.json"]))

    def json(self, path: str) -> Json:
        value: Json = json.loads(self.files[path])
        return value

    def edit(self, path: str, **members: object) -> None:
        """Other members in a JSON file."""
        self.files[path] = canonical({**self.json(path), **members})

    @property
    def counts(self) -> list[Count]:
        """The counted lists."""
        selection = Selection.model_validate_json(self.files["selection.json"])
        return [row for row in selection.counts if row.status == "counted"]

    def row(self, contest: str, unit: str) -> Count:
        return next(row for row in self.counts if (row.contest, row.unit) == (contest, unit))

    def mix_base(self, row: Count, number: int) -> str:
        mixer = self.manifest.parties.mixers[number - 1]
        return f"{row.path}/mix-{number:02d}-{mixer.id}/"

    def trustee_base(self, row: Count, number: int) -> str:
        return f"{row.path}/decryption/trustee-{number}/"

    def directory(self, base: str) -> dict[str, bytes]:
        """All files of a proof directory but the signature, from record and box."""
        whole = {**self.files, **self.restricted}
        found = {path[len(base) :]: data for path, data in whole.items() if path.startswith(base)}
        found.pop(SIGNATURE, None)
        return found

    def place(self, base: str, path: str) -> dict[str, bytes]:
        """Where a file of a proof directory is kept: in the record or in the box."""
        hidden = self.manifest.publication == "restricted" and "/mix-01-" in base
        return self.restricted if hidden and path != SIGNATURE else self.files

    def put(self, base: str, files: Mapping[str, bytes]) -> None:
        """Files of a proof directory, beside or instead of those there."""
        for path, data in files.items():
            self.place(base, path)[base + path] = data

    def drop(self, prefix: str) -> None:
        """Remove everything below a prefix from record and box."""
        for store in (self.files, self.restricted):
            for path in [path for path in store if path.startswith(prefix)]:
                del store[path]

    @property
    def person(self) -> str:
        """Somebody who also voted on paper: what this person casts online changes no list."""
        paper = parse(next(iter(self.papers.values())), "paper.json", LIMIT)
        found: str = json.loads(paper.data)["identifiers"][0]
        return found

    @cached_property
    def roll(self) -> dict[str, Json]:
        """Version 1 of the roll by identifier."""
        data = parse(self.rolls[1], "roll-0001.json", LIMIT).data
        return {person["identifier"]: person for person in json.loads(data)["persons"]}

    # -- the log ----------------------------------------------------------------------------------

    def at(self, kind: str) -> int:
        """The index of the first entry of a kind."""
        return [entry.get("kind") for entry in self.entries].index(kind)

    def chain(self, size: int | None = None) -> list[bytes]:
        """The first entries with their numbers and the hash chain."""
        raw: list[bytes] = []
        for sequence, entry in enumerate(self.entries[:size]):
            previous = leaf_hash(raw[-1]).hex() if raw else NO_PREVIOUS
            raw.append(canonical({"sequence": sequence, "previous": previous, **entry}))
        return raw

    def state(self, size: int) -> Json:
        """Size and root of the log as it was."""
        return {"size": size, "root": root_hash(self.chain(size)).hex()}

    @property
    def end(self) -> int:
        """The index of the last access entry, with which the close begins."""
        return self.at("closed") - 1

    def insert(self, index: int, kind: str, **members: object) -> None:
        """One more entry; ballots and paper lists behind it move on."""
        time = self.entries[min(index, len(self.entries) - 1)]["time"]
        self.entries.insert(index, {"kind": kind, "time": time, **members})
        self.ballots = {n + (n >= index): pair for n, pair in self.ballots.items()}
        self.papers = {n + (n >= index): data for n, data in self.papers.items()}

    def order(self, place: int, officials: Sequence[int] = (1, 2), **members: object) -> None:
        """Officials order what the log's n-th ordered entry says, or with other `members`; the
        entry has its digest."""
        entry = [entry for entry in self.entries if entry["kind"] in ORDER_KINDS][place - 1]
        order = {
            "schema": "sukashi/order/1",
            "election": self.E.hex(),
            "kind": entry["kind"],
            "number": place,
            "reason": "as agreed",
        }
        data = canonical({**order, **members})
        name = f"order-{entry['kind']}-{place}"
        entry["order"] = digest(data)
        self.files[f"orders/{name}.json"] = data
        self.files[f"orders/{name}.asice"] = self.signed(f"{name}.json", data, officials)

    def renew_orders(self) -> None:
        """Officials order what the log says was ordered, where they have not yet, and nothing
        else."""
        before = {path: data for path, data in self.files.items() if path.startswith("orders/")}
        self.drop("orders/")
        entries = [entry for entry in self.entries if entry["kind"] in ORDER_KINDS]
        for place, entry in enumerate(entries, 1):
            path = f"orders/order-{entry['kind']}-{place}"
            known = before.get(f"{path}.json", b"")
            if entry.get("order") == digest(known) and self.E.hex() in known.decode():
                self.files |= {
                    f"{path}{end}": before[f"{path}{end}"] for end in (".json", ".asice")
                }
            else:
                self.order(place)

    def remove(self, index: int) -> None:
        """One entry less; it is of no ballot and of no paper list."""
        del self.entries[index]
        self.ballots = {n - (n > index): pair for n, pair in self.ballots.items()}
        self.papers = {n - (n > index): data for n, data in self.papers.items()}

    def delay(self, index: int, time: str) -> None:
        """An entry before the close and all after it were logged at that time, and the access
        entries of the hours that had passed until then stand before it."""
        known = [e for e in self.entries[:index] if e["kind"] in ("opened", "access")][-1]
        for entry in self.entries[index:]:
            entry["time"] = time
            if entry["kind"] == "access":
                entry["until"] = time
        for hour in reversed(hours_due(str(known.get("until", known["time"])), time)):
            self.insert(index, "access", until=hour, root="5a" * 32)

    def write_log(self, key: SigningKey | None = None, origin: str = "") -> None:
        """Tiles and checkpoint of the entries, which all witnesses cosign."""
        raw = self.chain()
        self.drop("log/")
        tiles = {f"log/{path}": data for path, data in tile_files(raw).items()}
        note = self.cosigned(self.head(key, origin))
        self.files |= {**tiles, "log/checkpoint": note.encode()}

    def head(self, key: SigningKey | None = None, origin: str = "", size: int = 0) -> Note:
        """The checkpoint that the collector signs, now or at that size."""
        raw = self.chain(size or None)
        head = Checkpoint(origin or self.manifest.origin, len(raw), root_hash(raw))
        return sign_checkpoint(head, key or self.keys.party["collector"])

    def cosigned(self, note: Note, time: int = 0) -> Note:
        """The checkpoint as all witnesses of the manifest cosign it, when its last entry is logged
        or at that time."""
        last = self.entries[Checkpoint.parse_text(note.text).size - 1]["time"]
        return cosigned(note, self.manifest, self.keys.party, time or posix(last))

    # -- signatures -------------------------------------------------------------------------------

    def signed(self, name: str, data: bytes, officials: Sequence[int] = (1, 2)) -> bytes:
        """The container in which these officials sign a document."""
        container = None
        for number in officials:
            container = add_signature(container, name, data, self.officials[number - 1], now())
        assert container is not None
        return container.encode()

    def message(self, members: Mapping[str, Any], party: str) -> bytes:
        """A party's signed message of this election."""
        body = {name: value for name, value in members.items() if name != "signature"}
        return sign_message(body, self.keys.party[party], self.E)

    def sign_directory(self, base: str, auxsid: str, party: str) -> None:
        """The party signs its directory as it stands."""
        files = {path: digest(data) for path, data in self.directory(base).items()}
        members = {
            "schema": "sukashi/proof-directory/1",
            "election": self.E.hex(),
            "auxsid": auxsid,
            "party": party,
            "files": files,
        }
        self.files[base + SIGNATURE] = self.message(members, party)

    def settle(self, **seal: object) -> None:
        """Renew every signature and digest above ballots, lists, proofs and results, in the order
        in which the parties made them. `seal`: members in which the seal lies."""
        place = self.at("box")
        honest = {
            "schema": "sukashi/seal/1",
            "election": self.E.hex(),
            "log": self.state(place),
            "ballots": len(self.ballots),
            "contents": self._contents().hex(),
        }
        data = canonical({**honest, **seal})
        self.seal = self.signed("seal.json", data)
        self.entries[place]["seal"] = digest(data)
        self.edit("selection.json", seal=digest(data))
        self.sign_selection()
        self._sign_directories()
        self.entries[self.at("result")]["result"] = digest(self.files["results.json"])
        self.date_result()
        self.write_log()
        self.publish()

    def date_result(self) -> None:
        """results.nist.json is of the second in which the log says that the last list was read."""
        known = [e for e in self.entries if e.get("kind") in ("selection", "decrypted")]
        self.edit("results.nist.json", GeneratedDate=known[-1]["time"])

    def sign_selection(self) -> None:
        """Officials, collector and auditors take selection.json as it stands."""
        selection = self.files["selection.json"]
        self.files["selection.asice"] = self.signed("selection.json", selection)
        self.entries[self.at("selection")]["selection"] = digest(selection)
        for path in [path for path in self.files if path.startswith("audits/")]:
            self.audit(path)

    def reannounce(self) -> None:
        """The collector logs the directories' signatures as they stand now; all is published."""
        for row in self.counts:
            self._announce(row)
        self.write_log()
        self.publish()

    def audit(self, path: str, **members: object) -> None:
        """The auditor signs the selection; `members` in which the audit lies."""
        seen = self.state(self.at("selection") + 1)
        about = {"election": self.E.hex(), "selection": digest(self.files["selection.json"])}
        audit = {**self.json(path), **about, "log": seen, **members}
        self.files[path] = self.message(audit, audit["auditor"])

    def publish(
        self, officials: Sequence[int] = (1, 2), missing: Mapping[str, str] | None = None
    ) -> None:
        """The list of the record's files, signed; `missing`: digests of files not there."""
        listed = {
            path: digest(data)
            for path, data in self.files.items()
            if path not in ("record.json", "record.asice")
        }
        record = {
            "schema": "sukashi/record/1",
            "election": self.E.hex(),
            "files": {**listed, **(missing or {})},
        }
        self.files["record.json"] = canonical(record)
        self.files["record.asice"] = self.signed(
            "record.json", self.files["record.json"], officials
        )

    def _contents(self) -> bytes:
        def leaves() -> Iterator[bytes]:
            for number, (container, qualification) in sorted(self.ballots.items()):
                yield byte_tree.encode(
                    (leaf_str("ballot"), integer(number), container, qualification)
                )
            for name, kept in (("roll", self.rolls), ("paper", self.papers)):
                for number, container in sorted(kept.items()):
                    yield byte_tree.encode((leaf_str(name), integer(number), container))

        return root_hash(leaves())

    def _sign_directories(self) -> None:
        for row in self.counts:
            for kind, number, base in self._directories(row):
                if kind == "mixed":
                    party = self.manifest.parties.mixers[number - 1].id
                    self.sign_directory(base, mix_auxsid(row.count, number), party)
                else:
                    auxsid = decryption_auxsid(row.count, number)
                    self.sign_directory(base, auxsid, f"trustee-{number}")
            self._announce(row)

    def _directories(self, row: Count) -> list[tuple[str, int, str]]:
        """The proof directories of a count that are there: kind of log entry, number, path."""
        numbers = range(1, len(self.manifest.parties.mixers) + 1)
        found = [("mixed", number, self.mix_base(row, number)) for number in numbers]
        found += [("decrypted", number, self.trustee_base(row, number)) for number in (1, 2, 3)]
        return [entry for entry in found if self.directory(entry[2])]

    def _announce(self, row: Count) -> None:
        directories = self._directories(row)
        for entry in self.entries:
            if entry.get("count") == row.count:
                own = [base for kind, _, base in directories if kind == entry["kind"]]
                entry["digest"] = announced_digest([self.files[base + SIGNATURE] for base in own])


def _entries(tiles: Mapping[str, bytes], lines: Sequence[str]) -> list[Json]:
    """The entries of a published log, without sequence and previous."""
    root = base64.b64decode(lines[2])
    entries = [json.loads(data) for data in read_entries(tiles, int(lines[1]), root)]
    for entry in entries:
        del entry["sequence"], entry["previous"]
    return entries


_parsed = cache(Manifest.parse)


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def posix(time: object) -> int:
    """The time of an entry in seconds; now, where a forger wrote something else there."""
    try:
        return int(dt.datetime.fromisoformat(str(time)).timestamp())
    except ValueError:
        return int(now().timestamp())
