"""Claims about a sequencer for other machines: it takes claims from whom its authority knows."""

from __future__ import annotations

import datetime as dt
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.voting.collector.test_processes import ballots, send, server
from tests.voting.collector.test_standby import address, check_all_stored_once
from tests.voting.polls import Clock, Collector, Polls, now, reopen

pytestmark = pytest.mark.e2e
PORT = 21443
PEM = serialization.Encoding.PEM


@dataclass(frozen=True)
class Authority:
    """It makes certificates for machines that are all called localhost."""

    folder: Path
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def make(cls, folder: Path) -> Authority:
        folder.mkdir()
        made = cls(folder, ec.generate_private_key(ec.SECP256R1()))
        certificate = made._certificate("authority", made.key.public_key(), ca=True)
        (folder / "authority.pem").write_bytes(certificate.public_bytes(PEM))
        return made

    def _certificate(
        self, name: str, key: ec.EllipticCurvePublicKey, *, ca: bool
    ) -> x509.Certificate:
        subject, issuer = (
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, n)]) for n in (name, "authority")
        )
        return (
            x509.CertificateBuilder(issuer, subject, key, x509.random_serial_number())
            .not_valid_before(now() - dt.timedelta(days=1))
            .not_valid_after(now() + dt.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .sign(self.key, hashes.SHA256())
        )

    def machine(self) -> tuple[Path, Path]:
        """A machine's certificate and key."""
        key = ec.generate_private_key(ec.SECP256R1())
        plain = serialization.NoEncryption()
        pkcs8 = serialization.PrivateFormat.PKCS8
        certificate = self._certificate("localhost", key.public_key(), ca=False)
        (self.folder / "machine.pem").write_bytes(certificate.public_bytes(PEM))
        (self.folder / "machine.key").write_bytes(key.private_bytes(PEM, pkcs8, plain))
        return self.folder / "machine.pem", self.folder / "machine.key"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.make(tmp_path / "authority")


@pytest.fixture
def stored(polls: Polls, collector_home: Path, authority: Authority) -> Iterator[Collector]:
    certificate, key = authority.machine()
    with (collector_home / "server.toml").open("a") as file:
        file.write(
            f'[sequencer]\nhost = "127.0.0.1"\nport = {PORT}\nname = "localhost"\n'
            f'[tls]\ncertificate = "{certificate}"\nkey = "{key}"\n'
            f'authority = "{authority.folder / "authority.pem"}"\n'
        )
    collector = Collector(polls, reopen(collector_home), Clock(now()))
    yield collector
    collector.audit_everything()
    collector.home.engine.dispose()


def caller(trusted: Authority, known: Authority | None) -> httpx.Client:
    """Somebody who trusts one authority, and has a certificate of another or of none."""
    context = ssl.create_default_context(cafile=trusted.folder / "authority.pem")
    if known is not None:
        context.load_cert_chain(*known.machine())
    return httpx.Client(verify=context, base_url=f"https://localhost:{PORT}")


def test_claims_are_taken_from_machines_that_the_authority_knows_and_from_no_others(
    stored: Collector, authority: Authority, tmp_path: Path
) -> None:
    with server(stored) as (_, client):
        check_all_stored_once(stored, {c: send(stored, client, c) for c in ballots(stored)})
        assert address(stored) == f"https://localhost:{PORT}"
        stranger = Authority.make(tmp_path / "stranger")
        for known in (None, stranger):
            with caller(authority, known) as other, pytest.raises(httpx.TransportError):
                other.post("/claims", content=b"")
        with caller(authority, authority) as machine:
            assert machine.post("/claims", content=b"").json() == []
            assert machine.post("/claims", content=b"\0\0\0\2{}").status_code == 400
            assert machine.post("/claims", content=b"\0\0\0\2{").status_code == 400
