"""The services of the test eID: the real `openssl ocsp` and `openssl ts`, behind HTTP.

Each request is one run of openssl. Time-stamps go one after the other, as openssl counts their
serial numbers in a file.
"""

from __future__ import annotations

import socket
import socketserver
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from voting.console import Refused
from voting.eid import answers, test_index
from voting.files import write_atomic

SECONDS = 10
_CONFIGURATION = """\
[tsa]
default_tsa = test
[test]
serial = {folder}/services/serial
crypto_device = builtin
signer_cert = {folder}/services/tsa.pem
signer_key = {folder}/services/tsa.key
signer_digest = sha256
ess_cert_id_alg = sha256
default_policy = 1.3.6.1.4.1.99999.1.2
digests = sha256
accuracy = secs:1
ordering = no
"""


class FailedError(Exception):
    """openssl refused a request."""


class Answering:
    """What the services of a test eID answer."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._one = folder.resolve(), threading.Lock()
        text = _CONFIGURATION.replace("{folder}", str(self._folder))
        write_atomic(self._folder / "services/ts.cnf", text.encode())

    def timestamp(self, query: bytes) -> bytes:
        """A TimeStampResp to a TimeStampReq. Raises FailedError."""
        with self._one:
            return self._openssl(
                "ts", "-reply", "-config", "services/ts.cnf", "-queryfile", "/dev/stdin", data=query
            )

    def ocsp(self, request: bytes) -> bytes:
        """An OCSPResponse to an OCSPRequest, from the index as it is now. Raises FailedError."""
        return self._openssl(
            "ocsp", "-index", test_index.PATH, "-CA", "eid_profile/issuing.pem",
            "-rsigner", "services/ocsp.pem", "-rkey", "services/ocsp.key",
            "-reqin", "/dev/stdin", "-respout", "/dev/stdout", "-noverify",
            data=request,
        )  # fmt: skip

    def _openssl(self, *arguments: str, data: bytes) -> bytes:
        done = subprocess.run(
            ["openssl", *arguments],
            cwd=self._folder,
            input=data,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
        if done.returncode != 0 or not done.stdout:
            raise FailedError(done.stderr.decode(errors="replace").strip())
        return done.stdout


class Handler(BaseHTTPRequestHandler):
    """POST /timestamp and POST /ocsp."""

    answering: Answering
    protocol_version = "HTTP/1.1"
    timeout = SECONDS

    def do_POST(self) -> None:
        known = {"/timestamp": self.answering.timestamp, "/ocsp": self.answering.ocsp}
        size = self.headers.get("Content-Length", "")
        if self.path not in known or not size.isdecimal() or int(size) > answers.LIMIT:
            self._send(400, b"")
            return
        try:
            self._send(200, known[self.path](self.rfile.read(int(size))))
        except (FailedError, subprocess.TimeoutExpired):
            self._send(500, b"")

    def _send(self, status: int, body: bytes) -> None:
        kind = "timestamp-reply" if self.path == "/timestamp" else "ocsp-response"
        self.send_response(status)
        self.send_header("Content-Type", f"application/{kind}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self) -> str:
        return "client"  # a Unix socket has no address

    def log_message(self, format: str, *_arguments: object) -> None:  # noqa: A002
        """Nothing: a log of requests would name cards."""


@contextmanager
def listening(path: Path | None, port: int) -> Iterator[socket.socket]:
    """A Unix socket, whose file is removed at the end, or a port of this machine.

    Raises:
        Refused: it cannot be had.
    """
    family = socket.AF_UNIX if path else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(str(path) if path else ("127.0.0.1", port))
        except OSError as fault:
            where = f"unix:{path}" if path else f"port {port}"
            raise Refused(f"{where} cannot be had: {fault.strerror or fault}") from None
        listener.listen()
        try:
            yield listener
        finally:
            if path:
                path.unlink(missing_ok=True)


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Serves on a socket that listens already."""

    daemon_threads = True

    def __init__(self, folder: Path, listener: socket.socket) -> None:
        handler = type("Answers", (Handler,), {"answering": Answering(folder)})
        super().__init__(("", 0), handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
