"""Documents signed by officials: n different certificates of the manifest over one file."""

from __future__ import annotations

import base64
from collections.abc import Iterable

from crypto.errors import EncodingError, VerificationError
from voting.eid import container as containers

LIMIT = 1 << 28


def verify_document(
    data: bytes, data_name: str, certificates: Iterable[str], required: int, *, check_id: str
) -> bytes:
    """The signed file, if `required` of the officials signed it and every signature holds.

    `certificates` are base64 DER, as the manifest or the trust folder has them.

    Raises:
        VerificationError: malformed, a false signature, a stranger's, or too few.
    """
    known = {base64.b64decode(certificate) for certificate in certificates}
    try:
        container = containers.parse(data, data_name, LIMIT)
    except EncodingError as fault:
        raise VerificationError(check_id, data_name, str(fault)) from fault
    signers: set[bytes] = set()
    for signature in container.signatures:
        where = f"{data_name}, signature {signature.number + 1}"
        if signature.certificate_der not in known:
            why = (
                "the signer is not an official of this election, so the document is not signed."
                f" Remove {data_name.removesuffix('.json')}.asice; officials then sign it again"
            )
            raise VerificationError(check_id, where, why)
        if signature.certificate_der in signers:
            raise VerificationError(check_id, where, "an official signed twice")
        signature.verify(data_name, container.data, check_id=check_id, where=where)
        signers.add(signature.certificate_der)
    if len(signers) < required:
        why = f"{len(signers)} officials signed, {required} are required"
        raise VerificationError(check_id, data_name, why)
    return container.data
