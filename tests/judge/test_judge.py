"""What libdigidocpp, the Estonian validator, says of our ballots at level LT, and what our code
says of what libdigidocpp signs."""

from __future__ import annotations

import base64
import datetime as dt
import json
import platform
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from lxml import etree

from tests.voting.eid.made import Made
from tests.voting.eid.test_services import serving
from voting.eid import ocsp, test_index, test_pki, test_services, timestamps
from voting.eid.cards import load_card
from voting.eid.container import Container, verify_raw
from voting.eid.long_term import long_term
from voting.eid.profile import EidProfile
from voting.eid.qualification import Qualification, nonce_of
from voting.eid.services import Responder, TimeStamping
from voting.eid.signing import add_signature
from voting.files import read_tree

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(
        (sys.platform, platform.machine()) != ("linux", "x86_64"),
        reason="pydigidoc has no wheel for this platform",
    ),
]
PIN = "123456"
ROOT = Path(__file__).parents[2]
DS, XADES = "{http://www.w3.org/2000/09/xmldsig#}", "{http://uri.etsi.org/01903/v1.3.2#}"


def libdigidocpp(*arguments: object) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "tests.judge.libdigidocpp", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


@pytest.fixture(scope="module")
def eid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.judge.trust_list import furnish

    root = tmp_path_factory.mktemp("judge")
    test_pki.init(root / "pki", services=True)
    for name in ("good", "revoked"):
        test_pki.Issuer(root / "pki").write_card(
            "700000000001", "佐藤 葵", PIN, root / f"{name}.p12"
        )
    furnish(root / "validator", root / "pki")
    return root


def signed(card: Path) -> Container:
    ballot = b'{"schema":"sukashi/ballot/1"}'
    return add_signature(None, "ballot.json", ballot, load_card(card, PIN), dt.datetime.now(dt.UTC))


def qualified(eid: Path, container: Container) -> Qualification:
    """By the real services, as the collector asks them."""
    made = Made(eid / "pki")
    (signature,) = container.signatures
    with serving(eid / "pki") as address:
        stamping, responder = TimeStamping(address), Responder(address)
        token = stamping.stamp(signature.value_element)
        question = ocsp.Question(signature.certificate, made.issuing[0], nonce_of(token))
        answer = responder.ask(question)
        stamping.close()
        responder.close()
    return Qualification(token, answer)


def profile(eid: Path) -> EidProfile:
    return EidProfile.parse(read_tree(eid / "pki/eid_profile", 1 << 20))


def test_good_ballot_is_valid_and_revoked_and_changed_and_bare_ones_are_not(eid: Path) -> None:
    good, stolen = signed(eid / "good.p12"), signed(eid / "revoked.p12")
    qualification = qualified(eid, good)
    certificate = stolen.signatures[0].certificate
    test_index.revoke(eid / "pki", certificate, dt.datetime.now(dt.UTC))
    changed = Container("ballot.json", good.data.replace(b"ballot", b"baIIot"), good.signatures)
    other = signed(eid / "good.p12")
    files: dict[str, bytes] = {
        "good": long_term(good, qualification, profile(eid)),
        "revoked": long_term(stolen, qualified(eid, stolen), profile(eid)),
        "changed": long_term(changed, qualification, profile(eid)),
        "of another signature": long_term(other, qualification, profile(eid)),
        "bare": good.encode(),
    }
    for name, data in files.items():
        (eid / f"{name}.asice").write_bytes(data)
    said = libdigidocpp("judge", eid / "validator", *(eid / f"{name}.asice" for name in files))
    verdicts = {entry["file"].removesuffix(".asice"): entry for entry in said}
    valid = {name for name, entry in verdicts.items() if entry["valid"]}
    assert set(verdicts) == set(files)
    assert valid == {"good"}, verdicts


def test_what_libdigidocpp_signs_holds_piece_by_piece(eid: Path) -> None:
    """Our parser takes only its one canonical form, so that the pieces are judged: the signature
    value over the SignedInfo, the time-stamp over the value, the OCSP answer after it. Its
    canonicalisation is C14N 1.1, which is C14N 1.0 where no xml: attribute stands."""
    (eid / "ballot.json").write_bytes(b'{"schema":"sukashi/ballot/1"}')
    out = eid / "theirs.asice"
    with tcp_services(eid / "pki") as url:
        (said,) = libdigidocpp("sign", eid / "validator", eid / "good.p12", PIN, url, out)
    assert said["valid"]
    made, root = Made(eid / "pki"), read_signature(out)
    certificate = x509.load_der_x509_certificate(decoded(root, f"{DS}X509Certificate"))
    (method,) = root.iter(f"{DS}SignatureMethod")
    value, info = element(root, f"{DS}SignatureValue"), element(root, f"{DS}SignedInfo")
    verify_raw(certificate, method.get("Algorithm", ""), decoded(root, f"{DS}SignatureValue"), info)
    token = timestamps.parse(decoded(root, f"{XADES}EncapsulatedTimeStamp"))
    token.verify(value, [made.tsa[0]], check_id="accept.timestamp", where="")
    answer = decoded(root, f"{XADES}EncapsulatedOCSPValue")
    nonce = ocsp.parse(answer).extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    question = ocsp.Question(certificate, made.issuing[0], nonce)
    ocsp.verify(answer, question, [], token.second, check_id="accept.ocsp", where="")


@contextmanager
def tcp_services(pki: Path) -> Iterator[str]:
    """The services at a port: libdigidocpp has no Unix sockets."""
    with test_services.listening(None, 0) as listener:
        server = test_services.Server(pki, listener)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.shutdown()
            thread.join()


def read_signature(path: Path) -> Any:
    with zipfile.ZipFile(path) as archive:
        root = etree.fromstring(archive.read("META-INF/signatures0.xml"))
    assert not [
        a for e in root.iter() for a in e.attrib if str(a).startswith("{http://www.w3.org/XML")
    ]
    return root


def element(root: Any, tag: str) -> bytes:
    (found,) = root.iter(tag)
    data: bytes = etree.tostring(found, method="c14n")
    return data


def decoded(root: Any, tag: str) -> bytes:
    return base64.b64decode(next(iter(root.iter(tag))).text)
