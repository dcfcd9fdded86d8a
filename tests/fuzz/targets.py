"""Every parser that reads what others wrote, as a function of bytes: for `make fuzz`, and for the
tests with seeds and what has been found.

A target returns, or raises one of the errors in which this project refuses. Where voting and the
verifier read the same format, it gives the input to both: they accept it with one meaning, or both
refuse. A disagreement is how one misreading is exploited.

Here: targets and their seeds, taken from a finished election. Not here: how inputs are chosen.
"""

from __future__ import annotations

import base64
import datetime as dt
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from unittest import mock

from cryptography import x509

from crypto import byte_tree, sealed
from crypto.errors import EncodingError, VerificationError
from crypto.groups import group_by_name
from crypto.proofs.range_statement import EncryptedContest
from crypto.signing import PublicKey
from crypto.tlog import Checkpoint, LogProof, Note, VerifierKey, expected_paths, read_entries
from crypto.verificatum import DecryptionDirectory, ShufflingDirectory
from tally import documents as counting
from verifier_app.readers import configuration as own_configuration
from verifier_app.readers import documents as own
from verifier_app.readers import entries as own_entries
from verifier_app.readers import models, nist
from verifier_app.readers.box import Box as OwnBox
from verifier_app.readers.container import read_container
from verifier_app.readers.manifest import read_manifest
from verifier_app.readers.profile import Profile
from verifier_app.readers.status import Status
from verifier_app.readers.timestamp import read_time_stamp
from voting.ballot.ballot import Ballot, QrCode
from voting.ballot.box import Box
from voting.console import Refused
from voting.eid import container as containers
from voting.eid import ocsp, timestamps
from voting.eid.cards import load_card
from voting.eid.profile import EidProfile
from voting.eid.qualification import Qualification, nonce_of
from voting.election import configuration, documents
from voting.election.entries import parse_entry
from voting.election.manifest import Manifest
from voting.election.orders import Order
from voting.election.signatures import Trust, TrusteeSignatures
from voting.files import FileFaultError
from voting.roll.roll import PaperList, Roll, import_paper, import_roll, read_names

REFUSALS = (EncodingError, VerificationError, Refused, FileFaultError)
LIMIT = 1 << 20
SHARE = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else Path(tempfile.gettempdir())


class Disagreement(Exception):
    """Two readers take one input differently."""


@dataclass(frozen=True)
class Material:
    """A finished election, as the demonstration leaves it: read it, never write it."""

    root: Path

    def read(self, path: str) -> bytes:
        return (self.root / path).read_bytes()

    def all(self, pattern: str) -> list[bytes]:
        found = [path.read_bytes() for path in sorted(self.root.glob(pattern)) if path.is_file()]
        if not found:
            raise FileNotFoundError(pattern)
        return found

    @cached_property
    def ballots(self) -> list[bytes]:
        with closing(sqlite3.connect(self.root / "box.sqlite")) as db:
            rows = db.execute("SELECT container FROM ballots ORDER BY sequence LIMIT 4").fetchall()
        return [row[0] for row in rows]

    @cached_property
    def qualifications(self) -> list[bytes]:
        with closing(sqlite3.connect(self.root / "box.sqlite")) as db:
            query = "SELECT qualification FROM ballots ORDER BY sequence LIMIT 4"
            return [row[0] for row in db.execute(query).fetchall()]

    @cached_property
    def manifest(self) -> models.Manifest:
        return read_manifest(self.read("record/manifest.json"))

    @cached_property
    def written(self) -> Manifest:
        return Manifest.parse(self.read("record/manifest.json"))

    @cached_property
    def configured(self) -> configuration.Configuration:
        return configuration.load(self.root / "record/election.yaml").configuration

    @cached_property
    def profile_files(self) -> dict[str, bytes]:
        folder = self.root / "record/eid_profile"
        return {path.name: path.read_bytes() for path in folder.iterdir()}

    @cached_property
    def profiles(self) -> tuple[Profile, EidProfile]:
        return Profile.read(self.profile_files), EidProfile.parse(self.profile_files)

    @cached_property
    def pin(self) -> str:
        return (self.root / "secrets/pin.txt").read_text().strip()

    def directory(self, kind: str) -> dict[str, bytes]:
        """The first second-mixer or trustee directory of the record, without what is not
        Verificatum's."""
        base = next(iter(sorted(self.root.glob(f"record/counts/*/*/{kind}"))))
        found = {
            path.relative_to(base).as_posix(): path.read_bytes()
            for path in sorted(base.rglob("*"))
            if path.is_file()
        }
        return {n: d for n, d in found.items() if n not in ("signature.json", "protInfo.xml")}


Run = Callable[[Material, bytes], None]
Seeds = Callable[[Material], Iterable[bytes]]


@dataclass(frozen=True)
class Target:
    """`run` takes any bytes; the seeds are accepted, or `refused` says that they are not."""

    name: str
    run: Run
    seeds: Seeds


TARGETS: dict[str, Target] = {}


def target(seeds: Seeds) -> Callable[[Run], Run]:
    """Register a function as a target."""

    def register(run: Run) -> Run:
        TARGETS[run.__name__] = Target(run.__name__, run, seeds)
        return run

    return register


@dataclass(frozen=True)
class Outcome:
    """What a reader made of an input: a value, or a refusal."""

    value: object
    refusal: Exception | None = None


def outcome(read: Callable[[], object]) -> Outcome:
    try:
        return Outcome(read())
    except REFUSALS as fault:
        return Outcome(None, fault)


def agree(one: Callable[[], object], other: Callable[[], object]) -> None:
    """Both readers take it with one meaning, or both refuse; then the refusal is raised."""
    first, second = outcome(one), outcome(other)
    if (first.refusal is None) != (second.refusal is None) or first.value != second.value:
        raise Disagreement(f"{first!r}\n{second!r}")
    if first.refusal is not None:
        raise first.refusal


def implies(stricter: Callable[[], object], other: Callable[[], object]) -> None:
    """What the stricter reader takes, the other takes with the same meaning."""
    second = outcome(other)
    first = outcome(stricter)
    if first.refusal is None and (second.refusal is not None or first.value != second.value):
        raise Disagreement(f"{first!r}\n{second!r}")
    if first.refusal is not None:
        raise first.refusal


class Scratch:
    """A file for a reader that takes a path."""

    def __init__(self, data: bytes, suffix: str = "") -> None:
        self._folder = Path(tempfile.mkdtemp(dir=SHARE, prefix="fuzz-"))
        self.path = self._folder / f"input{suffix}"
        self.path.write_bytes(data)

    def __enter__(self) -> Path:
        return self.path

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._folder)


def dump(document: Any) -> object:
    return document.model_dump(mode="json", by_alias=True)


# -- bytes ----------------------------------------------------------------------------------------


@target(lambda m: [*m.all("record/counts/*/*/mix-02-*/*.bt"), *m.all("homes/*/*.sealed")])
def byte_trees(_m: Material, data: bytes) -> None:
    if byte_tree.encode(byte_tree.decode(data)) != data:
        raise Disagreement("a second encoding of one tree")


def _without_argon2id() -> Any:
    return mock.patch.object(sealed, "_derive", return_value=bytes(32))


def _sealed(_m: Material) -> list[bytes]:
    with _without_argon2id():
        return [sealed.seal(secret, "passphrase", "key") for secret in (b"", bytes(32))]


@target(_sealed)
def sealed_files(_m: Material, data: bytes) -> None:
    with _without_argon2id():
        try:
            sealed.open_(data, "passphrase", "key")
        except (sealed.WrongPassphraseError, sealed.WrongPurposeError) as fault:
            raise EncodingError(str(fault)) from fault


@target(lambda m: m.all("receipts/*/qr.txt"))
def qr_codes(_m: Material, data: bytes) -> None:
    text = data.decode("utf-8", "replace").strip("\n")
    if QrCode.parse(text).text() != text:
        raise Disagreement("a second text of one code")


@target(lambda m: [m.read("cards/700000000001.p12"), m.read("homes/official-1/card.p12")])
def cards(m: Material, data: bytes) -> None:
    with Scratch(data) as path:
        load_card(path, m.pin).sign(b"x")


# -- containers -----------------------------------------------------------------------------------


def _both_containers(data: bytes, name: str) -> None:
    def written() -> object:
        found = containers.parse(data, name, LIMIT)
        signatures = [(s.certificate_der, s.algorithm, s.value) for s in found.signatures]
        return found.data, signatures

    def read() -> object:
        found = read_container(data, name, LIMIT)
        return found.data, [(s.certificate, s.algorithm, s.value) for s in found.signatures]

    def written_and_signed() -> None:
        found = containers.parse(data, name, LIMIT)
        for s in found.signatures:
            s.verify(name, found.data, check_id="x", where="")

    def read_and_signed() -> None:
        found = read_container(data, name, LIMIT)
        for s in found.signatures:
            s.verify(found.data, check_id="x", where="")

    agree(written, read)
    agree(written_and_signed, read_and_signed)


@target(lambda m: m.ballots)
def container_bytes(_m: Material, data: bytes) -> None:
    _both_containers(data, "ballot.json")


def _xml_of(container: bytes) -> list[bytes]:
    return [data for name, data in containers._unzip(container) if "signatures" in name]


@target(lambda m: _xml_of(m.ballots[0]) + _xml_of(m.read("record/manifest.asice")))
def container_signatures(m: Material, data: bytes) -> None:
    """The signature's XML in an archive that is as it should be."""
    files = containers._unzip(m.ballots[0])[:3]
    _both_containers(containers._zip([*files, ("META-INF/signatures0.xml", data)]), "ballot.json")


@target(lambda m: [containers.parse(b, "ballot.json", LIMIT).data for b in m.ballots])
def container_data(m: Material, data: bytes) -> None:
    files = containers._unzip(m.ballots[0])
    files[1] = ("ballot.json", data)
    _both_containers(containers._zip(files), "ballot.json")


def _certificates(m: Material) -> list[bytes]:
    signatures = containers.parse(m.ballots[0], "ballot.json", LIMIT).signatures
    card = load_card(m.root / "homes/official-1/card.p12", m.pin)
    return [*(signature.certificate_der for signature in signatures), card.certificate_der]


@target(_certificates)
def certificates(m: Material, data: bytes) -> None:
    """Whose certificate it is, if anybody's, in the eID of the election."""
    at = dt.datetime.fromisoformat(m.manifest.period.opens)
    own_profile, profile = m.profiles
    try:
        certificate = x509.load_der_x509_certificate(data)
    except (ValueError, x509.InvalidVersion):
        raise EncodingError("no certificate") from None

    def written() -> str:
        profile.check_certificate(certificate, at, check_id="x", where="")
        return profile.identifier(certificate, check_id="x", where="")

    agree(written, lambda: own_profile.verify(certificate, at, "x"))


# -- what the eID's services say ------------------------------------------------------------------


def encoded(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode()


@target(lambda m: m.qualifications)
def qualifications(_m: Material, data: bytes) -> None:
    def read() -> tuple[str | None, str | None]:
        found = own.read(models.Qualification, data, "x")
        return found.timestamp, found.ocsp

    def written() -> tuple[str | None, str | None]:
        found = Qualification.parse(data)
        if found.encode() != data:
            raise Disagreement("a second encoding of one qualification")
        return encoded(found.timestamp), encoded(found.ocsp)

    agree(written, read)


def _said(m: Material, place: int) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Of each ballot: one of what the services said, the ballot, and its time-stamp."""
    for ballot, data in zip(m.ballots, m.qualifications, strict=True):
        found = Qualification.parse(data)
        assert found.timestamp is not None
        assert found.ocsp is not None
        yield (found.timestamp, found.ocsp)[place], ballot, found.timestamp


@target(lambda m: [data for data, _, _ in _said(m, 0)])
def time_stamps(m: Material, data: bytes) -> None:
    """Of the first ballot, if of any; whether it is a token at all is agreed on without a key."""
    agree(lambda: timestamps.parse(data).time, lambda: read_time_stamp(data).moment)
    (signature,) = containers.parse(m.ballots[0], "ballot.json", LIMIT).signatures
    over, (profile, written_profile) = signature.value_element, m.profiles

    def read() -> dt.datetime:
        found = read_time_stamp(data)
        found.verify(over, profile.authorities)
        return found.moment

    def written() -> dt.datetime:
        found = timestamps.parse(data)
        found.verify(over, written_profile.authorities, check_id="x", where="")
        return found.time

    agree(written, read)


@target(lambda m: [data for data, _, _ in _said(m, 1)])
def ocsp_answers(m: Material, data: bytes) -> None:
    """About the first ballot, if about any."""
    _, ballot, stamp = next(_said(m, 1))
    (signature,) = containers.parse(ballot, "ballot.json", LIMIT).signatures
    since, (_, profile) = timestamps.parse(stamp).second, m.profiles
    issuer = profile.issuer_of(signature.certificate)
    assert issuer is not None
    question = ocsp.Question(signature.certificate, issuer, nonce_of(stamp))

    def read() -> None:
        answer = Status(data)
        answer.verify(question.certificate, issuer, [], question.nonce, since)

    def written() -> None:
        ocsp.verify(data, question, [], since, check_id="x", where="")

    agree(written, read)


# -- JSON -----------------------------------------------------------------------------------------


@target(lambda m: [*m.all("record/*.json"), *m.all("record/ceremony/1-*"), b'{"a":[1,{}]}'])
def canonical_json(_m: Material, data: bytes) -> None:
    agree(
        lambda: documents.parse_canonical(data, "x"),
        lambda: own.read_object(data, "x"),
    )


def _messages(m: Material) -> list[bytes]:
    return m.all("record/audits/*.json")


@target(_messages)
def signed_messages(m: Material, data: bytes) -> None:
    key, E = m.manifest.parties.auditors.members[0].public_key, m.written.digest
    agree(
        lambda: documents.verify_message(data, key, E, check_id="x", where=""),
        lambda: own.read_message(data, key, E, check_id="x", where=""),
    )


@target(lambda m: m.all("record/manifest.json"))
def manifests(_m: Material, data: bytes) -> None:
    """The verifier also asks whether the parts fit together."""
    implies(lambda: dump(read_manifest(data)), lambda: dump(Manifest.parse(data)))


def _log_entries(m: Material) -> list[bytes]:
    with closing(sqlite3.connect(m.root / "box.sqlite")) as db:
        return [row[0] for row in db.execute("SELECT entry FROM entries ORDER BY sequence")]


@target(_log_entries)
def log_entries(_m: Material, data: bytes) -> None:
    agree(
        lambda: dump(parse_entry(data)),
        lambda: dump(own_entries.read_entry(data, "x")),
    )


@target(lambda m: [containers.parse(b, "ballot.json", LIMIT).data for b in m.ballots])
def ballots(m: Material, data: bytes) -> None:
    group, N = group_by_name("ristretto255"), m.manifest.contests[0].N

    def decoded(text: str) -> EncryptedContest:
        return EncryptedContest.decode(group, byte_tree.decode(base64.b64decode(text)), N, 1)

    def read() -> object:
        ballot = own.read(models.Ballot, data, "x")
        for contest in ballot.contests:  # the writer's reader decodes the trees at once
            byte_tree.decode(base64.b64decode(contest.ballot))
        return dump(ballot)

    agree(lambda: dump(Ballot.parse(data)), read)
    for contest in own.read(models.Ballot, data, "x").contests:
        outcome(lambda text=contest.ballot: decoded(text))  # type: ignore[misc]


PAIRS: dict[str, tuple[type[Any], type[own.Document], str]] = {
    "roll": (Roll, models.Roll, "roll-0001.json"),
    "paper": (PaperList, models.Paper, "paper.json"),
    "order": (Order, models.Order, "record/orders/*.json"),
    "seal": (counting.Seal, models.Seal, "seal.json"),
    "selection": (counting.Selection, models.Selection, "record/selection.json"),
    "tally": (counting.Tally, models.Tally, "record/counts/*/*/tally.json"),
    "results": (counting.Results, models.Results, "record/results.json"),
    "trust": (Trust, models.Trust, "trust/trust.json"),
    "trustees": (TrusteeSignatures, models.TrusteeSignatures, "record/manifest.trustees.json"),
}


@target(lambda m: [data for _, _, path in PAIRS.values() for data in m.all(path)])
def typed_documents(_m: Material, data: bytes) -> None:
    """One input, every type: each is read by both programs or by none."""
    refusals = []
    for written, read, _ in PAIRS.values():
        try:
            agree(
                lambda kind=written: dump(documents.parse_model(kind, data, "x")),  # type: ignore[misc]
                lambda kind=read: dump(own.read(kind, data, "x")),  # type: ignore[misc]
            )
        except REFUSALS as fault:
            refusals.append(fault)
    if len(refusals) == len(PAIRS):
        raise refusals[0]


@target(lambda m: m.all("record/results.nist.json"))
def nist_reports(m: Material, data: bytes) -> None:
    results = own.read(models.Results, m.read("record/results.json"), "x")
    report = own.read_object(data, "x")
    nist.verify(report, m.manifest, results, str(report.get("GeneratedDate")))


# -- YAML and CSV ---------------------------------------------------------------------------------


YAML = [
    b"a: &a [x, *a]\n", b"? [a]\n: b\n", b"%YAML 1.1\n---\na: 0x1f\n", b'a: "\\U00010000"\n',
    b"a: !!binary aGk=\nb: !!bool true\n", b"<<: {a: 2027-04-01T00:00:00Z}\nb: 1.5\n",
    b"a: |-\n  x\nb: >+\n  y\n", b"!<tag:yaml.org,2002:map> {a: ~, b: [1, '2', -3]}\n",
]  # fmt: skip


@target(lambda m: [*m.all("record/election.yaml"), *YAML])
def configurations(m: Material, data: bytes) -> None:
    """What the verifier takes for the manifest's configuration, the office reads as that."""

    def read() -> object:
        own_configuration.compare(data, m.manifest)
        return dump(m.configured.model_copy(update={"eid_profile": "", "period": None}))

    def written() -> object:
        with Scratch(data, ".yaml") as path:
            found = configuration.load(path).configuration
        return dump(found.model_copy(update={"eid_profile": "", "period": None}))

    implies(read, written)


@target(lambda m: [*m.all("record/eid_profile/profile.yaml"), *YAML])
def eid_profiles(m: Material, data: bytes) -> None:
    files = {**m.profile_files, "profile.yaml": data}
    agree(
        lambda: dump(EidProfile.parse(files).file),
        lambda: dump(Profile.read(files).document),
    )


@target(lambda m: m.all("roll.csv"))
def voter_rolls(m: Material, data: bytes) -> None:
    districts = {district.id for district in m.manifest.districts}
    with Scratch(data, ".csv") as path:
        outcome(lambda: read_names(path))
        roll = import_roll(path, m.manifest.name, 1, districts, {"citizen"})
    Roll.parse(roll.encode(), "roll")
    own.read(models.Roll, roll.encode(), "roll")


@target(lambda m: m.all("paper.csv"))
def paper_lists(_m: Material, data: bytes) -> None:
    with Scratch(data, ".csv") as path:
        paper = import_paper(path, "0" * 64)
    PaperList.parse(paper.encode(), "paper")
    own.read(models.Paper, paper.encode(), "paper")


# -- proof directories ----------------------------------------------------------------------------


def _pieces(kind: str) -> Seeds:
    def seeds(m: Material) -> list[bytes]:
        files = m.directory(kind)
        return [bytes([place]) + files[name] for place, name in enumerate(sorted(files))]

    return seeds


def _with_piece(m: Material, kind: str, data: bytes) -> dict[str, bytes]:
    """The directory with one file replaced: the first byte says which."""
    files = m.directory(kind)
    names = sorted(files)
    return {**files, names[data[0] % len(names)]: data[1:]} if data else files


@target(_pieces("mix-02-*"))
def shuffling_directories(m: Material, data: bytes) -> None:
    files = _with_piece(m, "mix-02-*", data)
    auxsid = m.directory("mix-02-*")["auxsid"].decode()
    found = ShufflingDirectory.read(group_by_name("ristretto255"), files, auxsid=auxsid, width=1)
    if found.files() != files:
        raise Disagreement("a second encoding of one directory")


@target(_pieces("decryption/trustee-*"))
def decryption_directories(m: Material, data: bytes) -> None:
    files = _with_piece(m, "decryption/trustee-*", data)
    auxsid = m.directory("decryption/trustee-*")["auxsid"].decode()
    found = DecryptionDirectory.read(group_by_name("ristretto255"), files, auxsid=auxsid, width=1)
    if found.files() != files:
        raise Disagreement("a second encoding of one directory")


# -- the box --------------------------------------------------------------------------------------


def _small_boxes(m: Material) -> list[bytes]:
    """The box with pages of 512 bytes and little in it, so that mutations meet its structure."""
    with Scratch(m.read("box.sqlite")) as path:
        with closing(sqlite3.connect(path)) as db:
            db.executescript(
                "DELETE FROM ballots WHERE sequence > 5; DELETE FROM entries WHERE sequence > 5;"
                "UPDATE ballots SET container = substr(container, 1, 99);"
                "UPDATE rolls SET container = substr(container, 1, 99);"
                "UPDATE files SET content = substr(content, 1, 99);"
                "PRAGMA page_size = 512; VACUUM"
            )
        return [path.read_bytes()]


@target(_small_boxes)
def ballot_boxes(_m: Material, data: bytes) -> None:
    def written(path: Path) -> object:
        box = Box(path)
        try:
            return (
                box.election,
                box.entries(),
                [(b.sequence, b.container, b.qualification) for b in box.ballots()],
                box.rolls(),
                box.papers(),
                box.seal(),
                box.files(),
                box.contents_root(),
            )
        finally:
            box.close()

    def read(path: Path) -> object:
        box = OwnBox(path)
        if [number for number, _ in box.entries] != list(range(len(box.entries))):
            raise EncodingError("a gap, which box.log finds")
        return (
            box.election,
            [entry for _, entry in box.entries],
            list(box.ballots()),
            box.rolls,
            box.papers,
            box.seals[0] if box.seals else None,
            {name: box.file(name) for name in box.paths},
            box.contents_root(),
        )

    with Scratch(data, ".sqlite") as path:
        agree(lambda: written(path), lambda: read(path))


# -- the log --------------------------------------------------------------------------------------


@target(lambda m: m.all("record/log/checkpoint"))
def notes(_m: Material, data: bytes) -> None:
    if Note.parse(data).encode() != data:
        raise Disagreement("a second encoding of one note")


@target(lambda m: [Note.parse(m.read("record/log/checkpoint")).text.encode()])
def checkpoints(_m: Material, data: bytes) -> None:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise EncodingError("no text") from None
    if Checkpoint.parse_text(text).text() != text:
        raise Disagreement("a second text of one checkpoint")


@target(lambda m: m.all("receipts/*/receipt.txt"))
def log_proofs(m: Material, data: bytes) -> None:
    proof = LogProof.parse(data)
    if proof.encode() != data:
        raise Disagreement("a second encoding of one proof")
    proof.verify(proof.extra or b"", VerifierKey(m.written.origin, _key(m)))


VKEYS = [("a/b", 1), ("ä", 4)]


def _key(m: Material) -> PublicKey:
    return PublicKey(m.manifest.parties.collector.public_key)


@target(lambda m: [VerifierKey(name, _key(m), kind).vkey().encode() for name, kind in VKEYS])
def verifier_keys(_m: Material, data: bytes) -> None:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise EncodingError("no text") from None
    if VerifierKey.parse(text).vkey() != text:
        raise Disagreement("a second text of one key")


@target(lambda m: m.all("record/log/tile/entries/*/*") + m.all("record/log/tile/0/*/*"))
def log_tiles(m: Material, data: bytes) -> None:
    """The one bundle of entries, and the one tile."""
    checkpoint = Checkpoint.parse_text(Note.parse(m.read("record/log/checkpoint")).text)
    for replaced in expected_paths(checkpoint.size):
        files = {path: m.read(f"record/log/{path}") for path in expected_paths(checkpoint.size)}
        files[replaced] = data
        outcome(lambda files=files: read_entries(files, checkpoint.size, checkpoint.root))  # type: ignore[misc]


import tests.fuzz.ivxv  # noqa: E402 - more targets, which need what stands above
import tests.fuzz.shuffle  # noqa: E402, F401
