"""Ballots made ahead: every one another voter's, with an own certificate and a fresh proof.

Making one costs about what checking one does, so it is done before anything is measured, by all
cores, and kept in files. Each line of a file is one voter: who it is, the signed ballot, and the
key that logs in.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
import secrets
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from tests.choices import chosen
from tests.load.election import district, identifier
from tests.voting.polls import CHOICES
from voting.ballot.ballot import SEED_BYTES, Anchor, build
from voting.eid import test_pki
from voting.eid.cards import SoftwareCard
from voting.eid.signing import add_signature
from voting.election.manifest import Manifest

_AT_ONCE = 50  # voters of one task


@dataclass(frozen=True)
class Voter:
    """Somebody who is about to vote."""

    identifier: str
    container: bytes
    login: SoftwareCard


class Ahead:
    """The voters in a folder; read one by one, since all of them may not fit into memory."""

    def __init__(self, folder: Path) -> None:
        self._files = [path.open("rb") for path in sorted(folder.glob("*.jsonl"))]
        self._places: list[tuple[int, int]] = []
        for number, file in enumerate(self._files):
            at = 0
            for line in file:
                self._places.append((number, at))
                at += len(line)

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, number: int) -> Voter:
        file, at = self._places[number]
        self._files[file].seek(at)
        members = json.loads(self._files[file].readline())
        key = load_der_private_key(base64.b64decode(members["key"]), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError("a card has an EC key")
        certificate = x509.load_der_x509_certificate(base64.b64decode(members["certificate"]))
        container = base64.b64decode(members["container"])
        return Voter(members["identifier"], container, SoftwareCard(certificate, key))


def make_ahead(folder: Path, election: Path, pki: Path, anchor: Anchor, voters: int) -> Ahead:
    """Issue cards to persons number 1 to `voters`, and make and sign a ballot of each, who has seen
    the log at `anchor`."""
    folder.mkdir()
    tasks = [
        (folder, election, pki, anchor, range(first, min(first + _AT_ONCE, voters + 1)))
        for first in range(1, voters + 1, _AT_ONCE)
    ]
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        for done in [pool.submit(_make, *task) for task in tasks]:
            done.result()
    return Ahead(folder)


def _make(folder: Path, election: Path, pki: Path, anchor: Anchor, numbers: range) -> None:
    manifest = Manifest.parse((election / "manifest.json").read_bytes())
    issuer = test_pki.Issuer(pki)
    with (folder / f"{numbers.start:08d}.jsonl").open("wb") as file:
        for number in numbers:
            file.write(json.dumps(_voter(manifest, issuer, anchor, number)).encode() + b"\n")


def _voter(
    manifest: Manifest, issuer: test_pki.Issuer, anchor: Anchor, number: int
) -> dict[str, str]:
    who, style = identifier(number), manifest.style_of_district(district(number))
    ballot = build(
        manifest,
        style,
        who,
        chosen(CHOICES[style.id]),
        secrets.token_bytes(SEED_BYTES),
        roll_version=1,
        anchor=anchor,
    )
    card = issuer.software_card(who, f"佐藤 {number}")
    login = issuer.software_card(who, f"佐藤 {number}", logs_in=True)
    signed = add_signature(None, "ballot.json", ballot, card, dt.datetime.now(dt.UTC))
    key = login.secret_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    members = {
        "certificate": login.certificate_der,
        "container": signed.encode(),
        "key": key,
    }
    encoded = {name: base64.b64encode(data).decode() for name, data in members.items()}
    return {"identifier": who, **encoded}
