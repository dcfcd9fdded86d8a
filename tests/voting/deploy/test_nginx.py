"""Claims about the TLS server in front: nginx with the file of deploy/, run for real."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from fastapi import FastAPI, Request

from tests.voting.polls import KITA, Collector
from voting.acceptance.sentences import sentences
from voting.collector.app import MESSAGES

pytestmark = pytest.mark.e2e
CONFIGURATION = Path(__file__).parents[3] / "deploy" / "nginx" / "sukashi.conf"
SECOND = CONFIGURATION.with_name("sukashi-verify.conf")
MAIN = """\
{user}
daemon off;
pid {root}/pid;
error_log {root}/error.log;
worker_processes 1;
events {{}}
http {{
    client_body_temp_path {root}/body;
    proxy_temp_path {root}/proxy;
    fastcgi_temp_path {root}/fastcgi;
    uwsgi_temp_path {root}/uwsgi;
    scgi_temp_path {root}/scgi;
    set_real_ip_from 127.0.0.1;
    real_ip_header X-Of-The-Test;
    include {root}/sukashi.conf;
}}
"""


@dataclass(frozen=True)
class Front:
    """nginx at a port of this machine, with the certificate that it shows."""

    port: int
    certificate: Path

    def context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.certificate))

    def client(self) -> httpx.Client:
        # requests name vote.example, connections go here
        base = f"https://127.0.0.1:{self.port}"
        return httpx.Client(
            base_url=base, verify=self.context(), headers={"Host": "vote.example"}, timeout=20
        )

    def raw(self) -> ssl.SSLSocket:
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        return self.context().wrap_socket(plain, server_hostname="127.0.0.1")

    def say(self, request: bytes) -> bytes:
        """The whole answer to bytes that no honest client would send."""
        with self.raw() as connection:
            connection.sendall(request)
            found = b""
            while part := connection.recv(1 << 16):
                found += part
        return found

    def get(self, path: str) -> int:
        """The status of a request whose path no client library has tidied up."""
        answer = self.say(
            f"GET {path} HTTP/1.1\r\nHost: vote.example\r\nConnection: close\r\n\r\n".encode()
        )
        return int(answer.split(b" ")[1])


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
    return port


def make_certificate(folder: Path) -> None:
    """fullchain.pem and key.pem of this machine, signed by itself."""
    import ipaddress

    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "vote.example")])
    names = [x509.DNSName("vote.example"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "fullchain.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def written(text: str, root: Path, front: int, behind: int) -> str:
    """The shipped file with this machine's addresses and names, and shorter waits."""
    for pattern, new in (
        (r"listen \[::\]:\d+.*;", ""),
        (r"listen 80;", f"listen 127.0.0.1:{free_port()};"),
        (r"listen 443", f"listen 127.0.0.1:{front}"),
        (r"127\.0\.0\.1:8080", f"127.0.0.1:{behind}"),
        (r"/etc/sukashi/tls", str(root)),
        (r"/var/log/nginx/", f"{root}/"),
        (r"client_header_timeout 5s", "client_header_timeout 1s"),
        (r"client_body_timeout 10s", "client_body_timeout 1s"),
        (r"proxy_read_timeout 60s", "proxy_read_timeout 1s"),
    ):
        text, found = re.subn(pattern, new, text)
        assert found, pattern
    return text


@contextmanager
def served(app: FastAPI) -> Iterator[int]:
    """An application at a port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(app, log_level="critical", access_log=False, lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield int(listener.getsockname()[1])
        server.should_exit = True
        thread.join()


@contextmanager
def nginx(root: Path, behind: int) -> Iterator[Front]:
    """With the file for the collector at the port `behind`."""
    port = free_port()
    shipped = CONFIGURATION.read_text(encoding="utf-8")
    (root / "sukashi.conf").write_text(written(shipped, root, port, behind))
    with running(root, port) as found:
        yield found


@contextmanager
def running(root: Path, port: int) -> Iterator[Front]:
    """With sukashi.conf in this folder, which has it listen at that port."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    assert program, "the tests need nginx; on Debian: apt-get install nginx-light"
    make_certificate(root)
    user = "user root;" if os.geteuid() == 0 else ""
    (root / "nginx.conf").write_text(MAIN.format(root=root, user=user))
    process = subprocess.Popen(
        [program, "-p", root, "-c", root / "nginx.conf", "-e", root / "error.log"],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        for _ in range(200):
            if process.poll() is not None:
                assert process.stderr is not None
                pytest.fail(process.stderr.read())
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield Front(port, root / "fullchain.pem")
    finally:
        process.terminate()
        process.wait()


@pytest.fixture
def front(collector: Collector, tmp_path: Path) -> Iterator[Front]:
    """nginx before the real collector."""
    with served(collector.app()) as behind, nginx(tmp_path, behind) as found:
        yield found


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Front]:
    """nginx before an application that answers with the headers that reached it, or late."""
    app = FastAPI()

    @app.get("/state")
    async def state() -> None:
        await asyncio.sleep(3)  # longer than nginx waits here

    @app.post("/ballots")
    async def ballots(request: Request) -> dict[str, list[str]]:
        names = {name.decode() for name, _ in request.headers.raw}
        return {name: request.headers.getlist(name) for name in sorted(names)}

    with served(app) as behind, nginx(tmp_path, behind) as found:
        yield found


def said_by(answer: httpx.Response) -> str:
    """The id of a refusal, whose form, sentence and headers are those that every refusal has."""
    error: dict[str, object] = answer.json()["error"]
    error_id = str(error["id"])
    expected = MESSAGES.get(error_id) or sentences(error_id)
    assert (answer.json(), error["message"]) == ({"error": error}, expected)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["strict-transport-security"] == "max-age=63072000"
    assert answer.headers["x-content-type-options"] == "nosniff"
    return error_id


def test_voter_reaches_everything_that_the_specification_has(
    front: Front, collector: Collector
) -> None:
    with front.client() as web:
        assert collector.post(web, collector.ballot(KITA)).status_code == 201
        for path in (
            "/state", "/openapi.json", "/log/checkpoint", "/log/tile/entries/000.p/4",
            "/orders/order-opened-1.asice", "/election/manifest.json",
            "/election/eid_profile/profile.yaml",
        ):  # fmt: skip
            assert (path, web.get(path).status_code) == (path, 200)


def test_what_is_for_operators_and_what_is_not_there_stays_outside(front: Front) -> None:
    for path in ("/health", "/health/live", "/metrics", "/", "/docs", "/key.sealed", "/ballots/x"):
        assert (path, front.get(path)) == (path, 404)


@pytest.mark.parametrize(
    "path",
    [
        "/log/../health", "/log/%2e%2e/health", "/log/..%2fhealth", "/log/tile/../../health",
        "/election/../health", "/election/%2e%2e/%2e%2e/etc/passwd", "//health", "/./health",
        "/log/tile/%2e%2e%2f%2e%2e%2fhealth", "/orders/..%2f..%2fkey.sealed", "/state/../health",
        "/election/..%5c..%5ckey.sealed", "/state%00", "/state;/../health",
        "/election/eid_profile/../../health", "/log/checkpoint%2f..%2f..%2fhealth",
    ],
)  # fmt: skip
def test_tricks_with_paths_lead_nowhere(front: Front, path: str) -> None:
    assert front.get(path) in (400, 404)


def test_other_methods_are_refused(front: Front) -> None:
    with front.client() as web:
        for method, path in (("GET", "/ballots"), ("PUT", "/ballots"), ("POST", "/state")):
            answer = web.request(method, path)
            assert (answer.status_code, said_by(answer)) == (405, "malformed")


def test_request_that_is_too_large_is_not_read(front: Front) -> None:
    with front.client() as web:
        assert web.post("/ballots", content=b"x" * ((1 << 20) + 1)).status_code == 413
        assert web.post("/verification", content=b"x" * 1025).status_code == 413
        assert web.get("/state", headers={"x": "y" * 20000}).status_code in (400, 414, 431)


def test_what_nginx_itself_refuses_has_the_form_of_every_refusal(front: Front) -> None:
    large = b"x" * ((1 << 20) + 1)
    with front.client() as web:
        for answer, status, error_id in (
            (web.get("/nothing"), 404, "not_found"),
            (web.put("/state"), 405, "malformed"),
            (web.post("/ballots", content=large), 413, "too_large"),
            (web.get("/state", headers={"x": "y" * 20000}), 400, "malformed"),
        ):
            assert (answer.status_code, said_by(answer)) == (status, error_id)
    assert b'"malformed"' in front.say(b"hello\r\n\r\n")


def test_collector_that_is_gone_or_silent_is_said_in_the_form_of_every_refusal(
    mirror: Front, tmp_path: Path
) -> None:
    with mirror.client() as web:
        answer = web.get("/state")
        assert (answer.status_code, said_by(answer)) == (503, "unavailable")
    (tmp_path / "gone").mkdir()
    with nginx(tmp_path / "gone", free_port()) as front, front.client() as web:
        answer = web.get("/state")
        assert (answer.status_code, said_by(answer)) == (503, "unavailable")


@pytest.mark.parametrize(
    "begun",
    [
        b"GET /state HTTP/1.1\r\nHost: vote.example\r\nX-Slow: ",
        b"POST /ballots HTTP/1.1\r\nHost: vote.example\r\nContent-Length: 100\r\n\r\nx",
    ],
    ids=["headers", "body"],
)
def test_client_that_dawdles_is_put_out(front: Front, begun: bytes) -> None:
    """It sends nothing more and waits; the server ends it, and others are served meanwhile."""
    with front.raw() as slow:
        slow.sendall(begun)
        with front.client() as web:
            assert web.get("/state").status_code == 200
        answer = slow.recv(1 << 16)
        assert answer == b"" or b" 408 " in answer.split(b"\r\n")[0]


def test_address_is_the_connections_whatever_a_client_claims(mirror: Front) -> None:
    claims = {
        "X-Forwarded-For": "203.0.113.7, 198.51.100.9",
        "Forwarded": "for=203.0.113.7",
        "X-Real-IP": "203.0.113.7",
        "X-Forwarded-Proto": "http",
    }
    with mirror.client() as web:
        seen = web.post("/ballots", content=b"x", headers=claims).json()
    assert seen["x-forwarded-for"] == ["127.0.0.1"]
    assert seen["x-forwarded-proto"] == ["https"]
    assert not {"forwarded", "x-real-ip"} & seen.keys()
    assert "203.0.113.7" not in str(seen)


def test_one_address_sends_so_many_ballots_at_once_and_no_more(mirror: Front) -> None:
    with mirror.client() as web:
        found = [web.post("/ballots", content=b"x").status_code for _ in range(200)]
        assert found[:61] == [200] * 61
        assert 429 in found[61:]
        forged = {"X-Forwarded-For": "203.0.113.8"}  # another address is no way around it
        again = [web.post("/ballots", content=b"x", headers=forged).status_code for _ in range(60)]
        assert 429 in again
        for _ in range(60):
            refused = web.post("/ballots", content=b"x")
            if refused.status_code == 429:
                break
        assert said_by(refused) == "accept.address_limit"
        assert int(refused.headers["retry-after"]) >= 1


def test_household_has_one_limit_however_its_ipv6_address_is_written(mirror: Front) -> None:
    """A prefix with zeros in it is written shorter; every address of it is the same client."""
    with mirror.client() as web:

        def post(address: str) -> int:
            headers = {"X-Of-The-Test": address}
            return web.post("/ballots", content=b"x", headers=headers).status_code

        found = [post(f"2001:db8::1:2:3:{number:x}") for number in range(1, 201)]
        assert found[:61] == [200] * 61
        assert 429 in found[61:]
        assert post("2001:db8:0:1::1") == 200  # another household
        assert post("198.51.100.7") == 200


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_tls_is_refused(front: Front, version: ssl.TLSVersion) -> None:
    context = front.context()
    context.set_ciphers("ALL:@SECLEVEL=0")  # so that this side would
    context.minimum_version = context.maximum_version = version
    with (
        socket.create_connection(("127.0.0.1", front.port), timeout=20) as plain,
        pytest.raises((ssl.SSLError, ConnectionError)),
    ):
        context.wrap_socket(plain, server_hostname="127.0.0.1")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_of_today_is_spoken(front: Front, version: ssl.TLSVersion) -> None:
    context = front.context()
    context.minimum_version = context.maximum_version = version
    with (
        socket.create_connection(("127.0.0.1", front.port), timeout=20) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
    ):
        assert connection.version() == version.name.replace("_", ".")


def test_nothing_of_a_voter_is_written_down(
    front: Front, collector: Collector, tmp_path: Path
) -> None:
    with front.client() as web:
        collector.post(web, collector.ballot(KITA))
        web.post("/ballots", content=b"x" * ((1 << 20) + 1))
        web.get("/state")
    logs = [path for path in tmp_path.iterdir() if path.suffix == ".log" or "access" in path.name]
    said = "".join(path.read_text() for path in logs)
    assert "127.0.0.1" not in said
    assert "access_log off;" in CONFIGURATION.read_text()


def test_second_devices_page_is_served_as_files_and_nothing_is_handed_on(tmp_path: Path) -> None:
    text, port = SECOND.read_text(encoding="utf-8"), free_port()
    for pattern, new in (
        (r"listen \[::\]:\d+.*;", ""),
        (r"listen 80;", f"listen 127.0.0.1:{free_port()};"),
        (r"listen 443", f"listen 127.0.0.1:{port}"),
        (r"/etc/sukashi/tls", str(tmp_path)),
        (r"/var/log/nginx/", f"{tmp_path}/"),
        (r"/usr/share/sukashi/verify", str(tmp_path / "page")),
    ):
        text, found = re.subn(pattern, new, text)
        assert found, pattern
    (tmp_path / "sukashi.conf").write_text(text)
    (tmp_path / "page").mkdir()
    for name in ("index.html", "trust.json", "page.json", "key.sealed"):
        (tmp_path / "page" / name).write_text(name)
    with running(tmp_path, port) as front, front.client() as web:
        for path in ("/", "/index.html", "/trust.json", "/page.json"):
            answer = web.get(path)
            assert (path, answer.text) == (path, path[1:] or "index.html")
            policy = answer.headers["content-security-policy"]
            assert "connect-src 'self' https://vote.example;" in policy
            assert answer.headers["strict-transport-security"] == "max-age=63072000"
            assert web.post(path).status_code == 403
        for path in ("/key.sealed", "/verification", "/election/manifest.json", "/../nginx.conf"):
            assert (path, front.get(path) in (400, 404)) == (path, True)
