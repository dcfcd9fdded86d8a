"""libdigidocpp, the Estonian validator, in a process of its own: its configuration is one for a
whole process, and its calls hold the interpreter's lock.

    python -m tests.judge.libdigidocpp judge FOLDER FILE…   one JSON object a line: what it says
    python -m tests.judge.libdigidocpp sign FOLDER CARD PIN URL FILE   it signs ballot.json there

FOLDER holds its schemas, TL.xml (a trust list) and tl.der (its signer). No network is used for
judging; for signing, URL/timestamp and URL/ocsp.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pydigidoc
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12


def configure(folder: Path, *, url: str = "", issuer: str = "") -> None:
    found = pydigidoc.DigiDocConf(str(folder))
    found.set_tslcert((folder / "tl.der").read_bytes())
    found.set_tslurl("https://trust.invalid/TL.xml")
    found.set_log_level(1)
    if url:
        found.set_ocspurls(pydigidoc.StringMap({issuer: f"{url}/ocsp"}))
        found.set_tsurl(f"{url}/timestamp")
    pydigidoc.Conf.init(found.transfer())
    pydigidoc.initialize_lib("judge", str(folder))


def judge(folder: Path, paths: list[str]) -> None:
    configure(folder)
    for path in paths:
        container = pydigidoc.Container.open(path)
        for signature in container.signatures():
            try:
                signature.validate()
                said = {"valid": True, "profile": signature.profile()}
            except Exception as fault:  # noqa: BLE001 - the binding has one kind of its own
                said = {"valid": False, "why": str(fault)}
            print(json.dumps({"file": Path(path).name, **said}))


def sign(folder: Path, card: Path, pin: str, url: str, out: Path) -> None:
    key, certificate, _ = pkcs12.load_key_and_certificates(card.read_bytes(), pin.encode())
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert certificate is not None
    issuer = certificate.issuer.rdns[-1]
    configure(folder, url=url, issuer=str(next(iter(issuer)).value))
    container = pydigidoc.Container.create(str(out))
    container.add_data_file(str(out.with_name("ballot.json")), "application/json")
    signer = pydigidoc.ExternalSigner(certificate.public_bytes(Encoding.DER))
    signer.set_profile("time-stamp")
    signature = container.prepare_signature(signer)
    digest = bytes(signature.data_to_sign())
    algorithm = {32: hashes.SHA256(), 48: hashes.SHA384(), 64: hashes.SHA512()}[len(digest)]
    r, s = decode_dss_signature(key.sign(digest, ec.ECDSA(Prehashed(algorithm))))
    signature.set_signature_value(r.to_bytes(48, "big") + s.to_bytes(48, "big"))
    signature.extend_signature_profile(signer)
    signature.validate()
    container.save()
    print(json.dumps({"file": out.name, "valid": True, "profile": signature.profile()}))


if __name__ == "__main__":
    what, folder, *rest = sys.argv[1:]
    if what == "judge":
        judge(Path(folder), rest)
    else:
        sign(Path(folder), Path(rest[0]), rest[1], rest[2], Path(rest[3]))
