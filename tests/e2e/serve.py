"""A test election that stays open, with the voting page and the second device's page.

As in demo.py every party is a process with its own folder; nginx serves the pages with the files of
deploy/, each at an origin of its own, on this machine and without TLS. Nothing is counted.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from tests.e2e.demo import CONFIG, GROUP, ROOT, Demo, DemoError, answers, empty, identifier

DIST = ROOT / "voting" / "client" / "dist"
LOGIN = """
[login]
origin = "{origin}"

[limits]
trusted_proxies = ["unix"]
"""
MAIN = """\
{user}
daemon off;
pid {root}/pid;
worker_processes 1;
events {{}}
http {{
    client_body_temp_path {root}/body;
    proxy_temp_path {root}/proxy;
    fastcgi_temp_path {root}/fastcgi;
    uwsgi_temp_path {root}/uwsgi;
    scgi_temp_path {root}/scgi;
    include {root}/sukashi.conf;
    include {root}/sukashi-verify.conf;
}}
"""


class Serving(Demo):
    """The election of the demonstration, open for voting in a browser."""

    def __init__(self, config: Path, out: Path, voters: int, ports: tuple[int, int]) -> None:
        """`ports`: of the voting page with the collector behind it, and of the other page."""
        super().__init__(config, out, voters, seed=2027, kills=0, group=GROUP)
        self.voting, self.second = (f"http://localhost:{port}" for port in ports)
        self._ports = ports

    def server_file(self, port: int) -> str:
        return super().server_file(port) + LOGIN.format(origin=self.voting)

    @contextmanager
    def opened(self) -> Iterator[None]:
        """The election is open and the pages are served."""
        with self.chapter(1, "The election is configured; every party makes its own key."):
            self.configure()
            self.invent_electorate()
            self.make_cards_and_keys()
        with self.chapter(2, "Three trustees make the election key; all sign the manifest."):
            self.ceremony()
            self.manifest()
        with ExitStack() as running:
            with self.chapter(3, "Witnesses and collector start; voting opens."):
                running.enter_context(self.witnessed())
                running.enter_context(self.collector())
                running.enter_context(self.pages())
            yield

    @contextmanager
    def pages(self) -> Iterator[None]:
        """nginx with the shipped files and this machine's addresses."""
        program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
        if program is None:
            raise DemoError("nginx is missing; on Debian: apt-get install nginx-light")
        root = self.out / "nginx"
        self._lay_out(root)
        user = "user root;" if os.geteuid() == 0 else ""
        (root / "nginx.conf").write_text(MAIN.format(root=root, user=user))
        process = subprocess.Popen(
            [program, "-p", root, "-c", root / "nginx.conf", "-e", root / "error.log"]
        )
        try:
            for port in self._ports:
                _wait(port, process)
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()

    def _lay_out(self, root: Path) -> None:
        """Both sites: the bundle, what each page is published with, and the server's file."""
        manifest = (self.out / "election" / "manifest.json").read_bytes()
        voting = {
            "election": hashlib.sha256(manifest).hexdigest(),
            "schema": "sukashi/page/1",
            "second_device": self.second,
        }
        second = {"collector": self.voting, "schema": "sukashi/second-device/1"}
        for page, members in (("vote", voting), ("verify", second)):
            shutil.copytree(DIST / page, root / page)
            (root / page / "page.json").write_text(json.dumps(members, separators=(",", ":")))
        shutil.copy(self.out / "trust" / "trust.json", root / "verify")
        socket = f"server unix:{self.out / 'collector.sock'}"
        for name, changes in (
            ("sukashi", {"server 127.0.0.1:8080": socket}),
            (
                "sukashi-verify",
                {"connect-src 'self' https://vote.example": f"connect-src 'self' {self.voting}"},
            ),
        ):
            shipped = (ROOT / "deploy" / "nginx" / f"{name}.conf").read_text(encoding="utf-8")
            port = self._ports[name == "sukashi-verify"]
            text = _without_tls(shipped, {**changes, "/usr/share/sukashi": str(root)}, root, port)
            (root / f"{name}.conf").write_text(text)

    def test_card(self, number: int) -> Path:
        """A voter's two keys as the voting page reads them, in test elections alone."""
        pin = (self.out / "secrets/pin.txt").read_text().strip().encode()
        parts = []
        for name in (f"{identifier(number)}.p12", f"{identifier(number)}.auth.p12"):
            data = (self.out / "cards" / name).read_bytes()
            key, certificate, _ = pkcs12.load_key_and_certificates(data, pin)
            if key is None or certificate is None:
                raise DemoError(f"{name} is no card")
            parts.append(certificate.public_bytes(Encoding.PEM))
            parts.append(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        path = self.out / "test-cards" / f"{identifier(number)}.pem"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"".join(parts))
        return path


def _without_tls(text: str, changes: dict[str, str], root: Path, port: int) -> str:
    """A shipped file for one port of this machine; every change must find its place."""
    text = re.sub(r"server \{\n    listen 80;.*?\n\}\n", "", text, flags=re.DOTALL)
    for pattern, new in (
        (r"\n    listen \[::\]:443[^\n]*", ""),
        (r"listen 443 ssl http2", f"listen 127.0.0.1:{port}"),
        (r"\n    ssl_[^\n]*", ""),
        (r"/var/log/nginx/", f"{root}/"),
        *((re.escape(old), new) for old, new in changes.items()),
    ):
        text, found = re.subn(pattern, new, text)
        if not found:
            raise DemoError(f"deploy/nginx has no {pattern!r}")
    return text


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        if answers(port):
            return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise DemoError("nginx did not start; see nginx/error.log")


def main() -> int:
    parser = argparse.ArgumentParser(description="A test election to vote in with a browser.")
    parser.add_argument("--config", type=Path, default=CONFIG, help="which election (kawabe-2027)")
    parser.add_argument(
        "--out", type=Path, default=Path("build/serve"), help="folder for all of it"
    )
    parser.add_argument("--voters", type=int, default=20, help="how many have a card (20)")
    parser.add_argument(
        "--port", type=int, default=8080, help="of the voting page; the second's is the next"
    )
    arguments = parser.parse_args()
    out = arguments.out.resolve()
    ports = arguments.port, arguments.port + 1
    serving = Serving(arguments.config.resolve(), out, arguments.voters, ports)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        empty(out)
        with serving.opened():
            cards = [os.path.relpath(serving.test_card(number)) for number in (1, 2, 3)]
            print(f"\nVote: {serving.voting}")
            print(f"Check a vote on a second device: {serving.second}")
            print(f"Test cards to log in and sign with: {'  '.join(cards)}")
            print("Ctrl-C ends the election.", flush=True)
            signal.pause()
    except DemoError as error:
        print(f"\n{error}\nserve: FAILED see above; commands so far: {out / 'commands.log'}")
        return 1
    except KeyboardInterrupt:
        print("\nserve: ok the election is over, nothing was counted")
    return 0


if __name__ == "__main__":
    sys.exit(main())
