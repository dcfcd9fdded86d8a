"""Claims about cards behind PKCS#11, with SoftHSM2 as the card: its token folder is the test's own.

SoftHSM2 reads its configuration once in a process, so the commands run as programs.
"""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from tests.voting.eid.test_profile import Authority
from voting.console import Refused
from voting.eid import test_pki, tokens
from voting.eid.cards import authentication_file, load_card
from voting.eid.container import parse
from voting.eid.profile import EidProfile
from voting.files import read_tree

MODULES = (  # where Debian, others, and Homebrew put it
    Path("/usr/lib/softhsm/libsofthsm2.so"),
    Path("/usr/lib64/pkcs11/libsofthsm2.so"),
    Path("/opt/homebrew/lib/softhsm/libsofthsm2.so"),
)
MODULE = next((path for path in MODULES if path.exists()), MODULES[0])
PIN, OTHER_PIN, LABEL = "123456", "654321", "voter"
DATA = b"what is signed"
SIGN = """
import sys
from pathlib import Path
from voting.eid.tokens import open_token
from voting.eid.container import verify_raw, algorithm_of
card = open_token(Path(sys.argv[1]), sys.argv[2], sys.argv[3], to_log_in=sys.argv[4] == "log in")
value = card.sign(b"what is signed")
verify_raw(card.certificate, algorithm_of(card.certificate), value, b"what is signed")
print(card.certificate.serial_number, repr(card))
"""

pytestmark = pytest.mark.e2e


@dataclass(frozen=True)
class Token:
    """A token with both keys of a person."""

    folder: Path

    def run(self, *command: object, code: int = 0) -> str:
        environment = {**os.environ, "SOFTHSM2_CONF": str(self.folder / "softhsm2.conf")}
        done = subprocess.run(
            list(map(str, command)), env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr

    def voting(self, *command: object, code: int = 0) -> str:
        return self.run(Path(sys.executable).parent / "voting", *command, code=code)

    def make(self, label: str) -> None:
        """An empty token."""
        self.run("softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin",
                 OTHER_PIN, "--pin", PIN)  # fmt: skip

    def put(self, number: str, key: bytes, certificate: bytes, label: str = LABEL) -> None:
        """A key and its certificate, as an issuer would."""
        pem, der = self.folder / f"{number}.pem", self.folder / f"{number}.der"
        pem.write_bytes(key)
        der.write_bytes(certificate)
        self.run("softhsm2-util", "--import", pem, "--token", label, "--label", number,
                 "--id", number, "--pin", PIN)  # fmt: skip
        self.run("pkcs11-tool", "--module", MODULE, "--token-label", label, "--login", "--pin",
                 PIN, "--write-object", der, "--type", "cert", "--id", number)  # fmt: skip


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Token:
    root = tmp_path_factory.mktemp("token")
    made = Token(root)
    (root / "tokens").mkdir()
    (root / "softhsm2.conf").write_text(
        f"directories.tokendir = {root}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    made.make(LABEL)
    test_pki.init(root / "pki")
    card = root / "card.p12"
    test_pki.Issuer(root / "pki").write_card("700000000001", "佐藤 葵", PIN, card)
    for number, path in (("02", card), ("01", authentication_file(card))):
        key, certificate, _ = pkcs12.load_key_and_certificates(path.read_bytes(), PIN.encode())
        assert key is not None
        assert certificate is not None
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        made.put(number, secret, certificate.public_bytes(Encoding.DER))
    for name, pin in (("pin.txt", PIN), ("wrong.txt", OTHER_PIN)):
        (root / name).write_text(pin)
    (root / "document.json").write_bytes(b'{"schema":"sukashi/test/1"}')
    return made


def test_each_purpose_has_its_own_key_and_its_signature_holds(token: Token) -> None:
    said = [
        token.run(sys.executable, "-c", SIGN, MODULE, LABEL, PIN, purpose).split()
        for purpose in ("sign", "log in")
    ]
    card = token.folder / "card.p12"
    files = (card, authentication_file(card))
    serials = [load_card(path, PIN).certificate.serial_number for path in files]
    assert [int(line[0]) for line in said] == serials
    assert all("PIN" not in " ".join(line) and PIN not in line[1] for line in said)


def test_document_is_signed_with_a_token(token: Token) -> None:
    folder = token.folder
    arguments = ("--pkcs11", MODULE, "--token", LABEL, "--pin-file", folder / "pin.txt")
    said = token.voting("sign", folder / "document.json", *arguments)
    assert "now holds 1 signature(s)" in said
    container = parse((folder / "document.asice").read_bytes(), "document.json", 1 << 20)
    (signature,) = container.signatures
    signature.verify("document.json", container.data, check_id="x", where="")
    profile = EidProfile.parse(read_tree(folder / "pki/eid_profile", 1 << 20))
    now = dt.datetime.now(dt.UTC)
    profile.check_certificate(signature.certificate, now, check_id="x", where="")


FAULTS: dict[str, tuple[list[str], int, str]] = {
    "wrong PIN": (["--token", LABEL, "--pin-file", "wrong.txt"], 1, "the PIN is wrong"),
    "no token": (["--token", "nobody", "--pin-file", "pin.txt"], 1, "there is no token 'nobody'"),
    "no label": (["--pin-file", "pin.txt"], 2, "name one card"),
    "file as well": (
        ["--token", LABEL, "--card", "card.p12", "--pin-file", "pin.txt"], 2, "name one card",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_of_a_token_is_told_in_a_sentence(token: Token, fault: str) -> None:
    arguments, code, why = FAULTS[fault]
    named = [str(token.folder / a) if a.endswith((".txt", ".p12")) else a for a in arguments]
    document = token.folder / "document.json"
    out = token.folder / "never.asice"
    said = token.voting("sign", document, "--out", out, "--pkcs11", MODULE, *named, code=code)
    assert why in said
    assert "Traceback" not in said
    assert PIN not in said
    assert not out.exists()


def test_what_is_no_module_is_told(token: Token) -> None:
    arguments = ("--pkcs11", token.folder / "pin.txt", "--token", LABEL)
    said = token.voting(
        "sign", token.folder / "document.json", *arguments,
        "--pin-file", token.folder / "pin.txt", code=2,
    )  # fmt: skip
    assert "no PKCS#11 module" in said


def test_token_without_the_right_key_is_told(token: Token) -> None:
    token.make("empty")
    said = token.run(sys.executable, "-c", SIGN, MODULE, "empty", PIN, "sign", code=1)
    assert "has no key with a certificate that may sign declarations" in said


def test_locked_and_unknown_faults_are_sentences() -> None:
    """SoftHSM2 never locks a PIN; the exceptions are those of real cards."""
    from pkcs11 import exceptions

    words = {exceptions.PinLocked: "PUK", exceptions.DeviceRemoved: "take it out"}
    for fault, word in words.items():
        with pytest.raises(Refused, match=word), tokens._explained():
            raise fault


def test_rsa_key_of_a_token_signs_as_containers_want_it(token: Token) -> None:
    key = rsa.generate_private_key(65537, 2048)
    certificate = Authority().issue(key)
    token.make("rsa")
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    token.put("03", secret, certificate.public_bytes(Encoding.DER), "rsa")
    said = token.run(sys.executable, "-c", SIGN, MODULE, "rsa", PIN, "sign")
    assert said.split()[0] == str(certificate.serial_number)
