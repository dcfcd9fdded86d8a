"""Claims about the services: the real openssl answers over HTTP, and what it says is taken."""

from __future__ import annotations

import datetime as dt
import hashlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from rfc3161_client import VerifierBuilder, decode_timestamp_response

from crypto.errors import VerificationError
from tests.voting.conftest import PIN, Run
from tests.voting.eid.made import Made
from verifier_app.readers.status import Status
from verifier_app.readers.timestamp import read_time_stamp
from voting.console import Refused, UsageFault
from voting.eid import ocsp, test_index, test_pki, test_services, timestamps
from voting.eid.answers import LIMIT
from voting.eid.cards import authentication_file, load_card
from voting.eid.profile import EidProfile
from voting.eid.services import Responder, TimeStamping, UnavailableError
from voting.eid.test_services import Server
from voting.files import read_tree

OVER = b"<ds:SignatureValue/>"
CARD = "700000000001"


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The address of the services of a test eID."""
    with (
        tempfile.TemporaryDirectory() as short,
        test_services.listening(Path(short) / "s", 0) as listener,
    ):
        server = Server(folder, listener)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"unix:{short}/s"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def eid(tmp_path: Path) -> Path:
    """A test eID of the test's own, with one card."""
    test_pki.init(tmp_path / "pki", services=True)
    test_pki.Issuer(tmp_path / "pki").write_card(CARD, "佐藤 葵", PIN, tmp_path / "card.p12")
    return tmp_path / "pki"


def question(eid: Path, nonce: bytes = b"n" * 32) -> ocsp.Question:
    certificate = load_card(eid.parent / "card.p12", PIN).certificate
    return ocsp.Question(certificate, Made(eid).issuing[0], nonce)


def judge(data: bytes, asked: ocsp.Question, since: dt.datetime) -> None:
    """Both programs take the answer, or `voting` says why not."""
    ocsp.verify(data, asked, [], since, check_id="accept.ocsp", where="")
    Status(data).verify(asked.certificate, asked.issuer, [], asked.nonce, since)


def second() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(microsecond=0)


def test_openssl_stamps_and_both_programs_take_it(eid: Path) -> None:
    before = second()
    with serving(eid) as address:
        service = TimeStamping(address)
        token = service.stamp(OVER)
        service.close()
    authority = Made(eid).tsa[0]
    timestamps.parse(token).verify(OVER, [authority], check_id="accept.timestamp", where="")
    read_time_stamp(token).verify(OVER, [authority])
    assert before <= timestamps.parse(token).second <= second()


def test_another_library_and_openssl_itself_read_a_time_stamp_as_we_do(eid: Path) -> None:
    made = Made(eid)
    with serving(eid) as address:
        service = TimeStamping(address)
        token = service.stamp(OVER)
        service.close()
    response = b"\x30\x82" + (len(token) + 5).to_bytes(2, "big") + b"\x30\x03\x02\x01\x00" + token
    decoded = decode_timestamp_response(response)
    root = x509.load_pem_x509_certificate((eid / "eid_profile/root.pem").read_bytes())
    verifier = VerifierBuilder(roots=[root]).tsa_certificate(made.tsa[0]).build()
    verifier.verify_message(decoded, OVER)  # raises where it does not hold
    found = timestamps.parse(token)
    assert (found.second, found.nonce) == (decoded.tst_info.gen_time, decoded.tst_info.nonce)
    assert found.imprint == hashlib.sha256(OVER).digest()
    (eid / "token").write_bytes(token)
    (eid / "data").write_bytes(OVER)
    done = subprocess.run(
        [
            "openssl",
            "ts",
            "-verify",
            "-in",
            "token",
            "-token_in",
            "-data",
            "data",
            "-CAfile",
            "eid_profile/root.pem",
        ],
        cwd=eid,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Verification: OK" in done.stdout + done.stderr


def test_openssl_reads_a_time_stamp_that_was_made_by_hand(eid: Path) -> None:
    """What stands for other times in the other tests is what openssl takes, but for the attribute
    that names the certificate, which openssl wants and we do not need."""
    data = Made(eid).stamp(OVER, second())
    done = subprocess.run(
        ["openssl", "cms", "-cmsout", "-print", "-inform", "DER"],
        input=data,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0
    assert b"id-smime-ct-TSTInfo" in done.stdout


def test_openssl_knows_good_and_revoked_and_unknown_cards(eid: Path, tmp_path: Path) -> None:
    asked, since = question(eid), second()
    with serving(eid) as address:
        responder = Responder(address)
        judge(responder.ask(asked), asked, since)
        test_index.revoke(eid, asked.certificate, since)
        with pytest.raises(VerificationError) as refusal:
            judge(responder.ask(asked), asked, since)
        assert refusal.value.check_id == "accept.ocsp.revoked"
        (eid / test_index.PATH).write_text("")
        with pytest.raises(VerificationError) as refusal:
            judge(responder.ask(asked), asked, since)
        assert refusal.value.check_id == "accept.ocsp.unknown"
        responder.close()


def test_both_keys_of_a_card_are_in_the_index_and_are_revoked_by_the_command(
    eid: Path, voting: Run, tmp_path: Path
) -> None:
    rows = (eid / test_index.PATH).read_text().splitlines()
    assert [row[0] for row in rows] == ["V", "V"]
    (tmp_path / "pin.txt").write_text(PIN)
    arguments = ("pki", "revoke", eid, "--card", tmp_path / "card.p12")
    said = voting(*arguments, "--pin-file", tmp_path / "pin.txt")
    assert (said.code, "is revoked" in said.out) == (0, True)
    rows = (eid / test_index.PATH).read_text().splitlines()
    assert [row[0] for row in rows] == ["R", "R"]
    said = voting(*arguments, "--pin-file", tmp_path / "pin.txt")
    assert (said.code, "is revoked already" in said.err) == (1, True)


def test_card_of_another_eid_cannot_be_revoked(eid: Path, tmp_path: Path) -> None:
    test_pki.init(tmp_path / "other")
    certificate = load_card(tmp_path / "card.p12", PIN).certificate
    with pytest.raises(Refused, match="has issued no certificate"):
        test_index.revoke(tmp_path / "other", certificate, second())


def test_card_logs_in_with_the_other_key(eid: Path, tmp_path: Path) -> None:
    profile = EidProfile.parse(read_tree(eid / "eid_profile", 1 << 20))
    key = load_card(authentication_file(tmp_path / "card.p12"), PIN)
    profile.check_authentication(key.certificate, second(), check_id="login", where="")
    assert profile.identifier(key.certificate, check_id="login", where="") == CARD
    with pytest.raises(VerificationError, match="nonRepudiation"):
        profile.check_certificate(key.certificate, second(), check_id="login", where="")


def test_program_serves_until_it_is_stopped(eid: Path) -> None:
    program = Path(sys.executable).parent / "voting"
    with tempfile.TemporaryDirectory() as short:
        path = Path(short) / "s"
        command = [str(part) for part in (program, "pki", "serve", eid, "--socket", path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            while not path.exists() and server.poll() is None:
                time.sleep(0.01)
            service = TimeStamping(f"unix:{path}")
            timestamps.parse(service.stamp(OVER))
            service.close()
            server.send_signal(signal.SIGTERM)
            out, _ = server.communicate(timeout=30)
        assert server.returncode == 0
        assert out.endswith("stopped\n")


# -- services that do not answer as they should ---------------------------------------------------


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """A service that answers everything so."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


ANSWERS = {
    "an error": (500, b""),
    "nothing": (200, b""),
    "no answer": (200, b"<html>"),
    "too much": (200, bytes(LIMIT + 1)),
    "a refusal": (200, bytes.fromhex("30053003020102")),
    "try later": (200, bytes.fromhex("30030a0103")),
    "a redirect": (302, b""),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_service_that_does_not_answer_as_it_should_is_unavailable(eid: Path, case: str) -> None:
    with answering(*ANSWERS[case]) as address:
        stamping, responder = TimeStamping(address), Responder(address)
        with pytest.raises(UnavailableError, match="the time-stamping authority"):
            stamping.stamp(OVER)
        with pytest.raises(UnavailableError, match="the OCSP responder"):
            responder.ask(question(eid))
        stamping.close()
        responder.close()


def test_created_time_stamp_is_an_answer(eid: Path) -> None:
    """As sigstore's authority says it; what was created is then looked at as any other."""
    with answering(201, b"<html>") as address:
        stamping = TimeStamping(address)
        with pytest.raises(UnavailableError, match="the time-stamping authority: "):
            stamping.stamp(OVER)
        stamping.close()


def test_silent_and_absent_services_are_unavailable(eid: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        service = TimeStamping(f"http://127.0.0.1:{silent.getsockname()[1]}/", timeout=0.05)
        with pytest.raises(UnavailableError, match="cannot be reached"):
            service.stamp(OVER)
        service.close()
    absent = Responder(f"unix:{eid}/nobody")
    with pytest.raises(UnavailableError, match="cannot be reached"):
        absent.ask(question(eid))
    absent.close()


def test_time_stamp_of_another_request_is_not_taken(eid: Path) -> None:
    token = Made(eid).stamp(OVER, second())
    response = b"\x30\x82" + (len(token) + 5).to_bytes(2, "big") + b"\x30\x03\x02\x01\x00" + token
    with answering(200, response) as address:
        service = TimeStamping(address)
        with pytest.raises(UnavailableError, match="answered another request"):
            service.stamp(OVER)
        service.close()


def test_what_is_no_address_is_told() -> None:
    with pytest.raises(UsageFault, match="is no address"):
        TimeStamping("tsa.example")
