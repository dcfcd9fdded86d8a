"""Signing a document with a card: a new container, or one more signature in an existing one."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import re

from voting.console import Refused
from voting.eid import templates
from voting.eid.cards import Card
from voting.eid.container import Container, Signature, algorithm_of

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,74}\.json")


def add_signature(
    container: Container | None,
    data_name: str,
    data: bytes,
    card: Card,
    signing_time: dt.datetime,
) -> Container:
    """The container with this card's signature added; a new one for None.

    Raises:
        Refused: a name the format does not take, other data in the container, a false signature
            in it, or this certificate signed it already.
    """
    if not _NAME.fullmatch(data_name):
        raise Refused(
            f"{data_name}: a signed file is named with A-Z, a-z, 0-9, - and ends in .json"
        )
    signatures = container.signatures if container else ()
    if container and (container.data_name, container.data) != (data_name, data):
        raise Refused(
            f"the container holds another {data_name} than the one you are signing, so nothing was"
            " signed. Ask who signed first which of the two is the right one."
        )
    for signature in signatures:
        where = f"signature {signature.number + 1}"
        signature.verify(data_name, data, check_id="container.signature", where=where)
    certificate = card.certificate_der
    if certificate in (signature.certificate_der for signature in signatures):
        raise Refused(f"this card has signed {data_name} already")
    number, algorithm = len(signatures), algorithm_of(card.certificate)
    digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
    time = signing_time.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    xml = templates.signature_xml(number, data_name, algorithm, digest, certificate, time, b"")
    value = card.sign(templates.signed_info(xml))
    added = Signature(number, algorithm, certificate, time, digest, value)
    return Container(data_name, data, (*signatures, added))
