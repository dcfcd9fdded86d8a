"""Which cards the test eID has issued and which of them are revoked: the index that `openssl ocsp`
reads (openssl-ca(1), "database").

One line a certificate: V or R, the end of its validity, when and why it was revoked, its serial
number in hex, a file name that is unknown, and a subject. `openssl ocsp` looks at serial numbers.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509

from voting.console import Refused
from voting.files import write_atomic

PATH = "services/index.txt"


def add(folder: Path, certificate: x509.Certificate) -> None:
    """Enter a certificate that was just issued; several programs may issue at once."""
    serial = _serial(certificate)
    line = (
        f"V\t{certificate.not_valid_after_utc:%y%m%d%H%M%SZ}\t\t{serial}\tunknown\t/CN={serial}\n"
    )
    with _alone(folder), (folder / PATH).open("a", encoding="ascii") as index:
        index.write(line)


def revoke(folder: Path, certificate: x509.Certificate, at: dt.datetime) -> None:
    """Mark a certificate as revoked from `at` on.

    Raises:
        Refused: this test eID has not issued it, or it is revoked already.
    """
    serial = _serial(certificate)
    with _alone(folder):
        rows = [line.split("\t") for line in (folder / PATH).read_text("ascii").splitlines()]
        found = [row for row in rows if row[3] == serial]
        if not found:
            raise Refused(f"{folder} has issued no certificate with the serial number {serial}")
        if found[0][0] == "R":
            raise Refused(f"the certificate with the serial number {serial} is revoked already")
        found[0][0], found[0][2] = "R", f"{at.astimezone(dt.UTC):%y%m%d%H%M%SZ},keyCompromise"
        text = "".join("\t".join(row) + "\n" for row in rows)
        write_atomic(folder / PATH, text.encode("ascii"))


def _serial(certificate: x509.Certificate) -> str:
    """In hex with an even number of digits, as OpenSSL writes it."""
    digits = f"{certificate.serial_number:X}"
    return digits if len(digits) % 2 == 0 else f"0{digits}"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    handle = os.open(folder / "services", os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
