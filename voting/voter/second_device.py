"""The second device: fetch the stored ballot by its code and open it (specification, section 7).

It shows what a voter must compare: the signer's name, every selection, blank ones too, and whether
this is the voter's latest ballot (None once voting is closed). Every failure is loud.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from crypto.errors import EncodingError, VerificationError
from voting.ballot.ballot import Ballot, QrCode, fetch_token, open_with_seed
from voting.eid import container as containers
from voting.eid.cards import name_on
from voting.election.contests import Choice
from voting.voter.client import Client, Receipt


@dataclass(frozen=True)
class StoredBallot:
    """What the collector holds for a code, checked and opened."""

    signer: str
    style: str
    choices: dict[str, Choice]
    receipt: Receipt
    latest: bool | None


def look(client: Client, code: QrCode) -> StoredBallot:
    """Fetch, check and open.

    1. The receipt: inclusion, checkpoint, and the digest of these bytes.
    2. The container and its one signature, by a card of this election's eID: otherwise anybody
       could have written the name that is shown.
    3. Election, style and contests are complete.
    4. Every ciphertext was made with the code's seed.

    The caller must show signer and choices to the voter, who alone knows whether they are right.

    Raises:
        VerificationError: something does not hold: tell the voter to vote again elsewhere.
    """
    manifest = client.manifest
    container_bytes, receipt_bytes, latest = client.fetch(
        code.sequence, fetch_token(code.seed, manifest.digest)
    )
    receipt = client.check_receipt(receipt_bytes, container_bytes)
    if receipt.sequence != code.sequence:
        raise VerificationError("verify.receipt", "receipt", "it is of another place in the log")
    try:
        limit = manifest.limits.container_bytes
        container = containers.parse(container_bytes, "ballot.json", limit)
        ballot = Ballot.parse(container.data)
    except EncodingError as fault:
        raise VerificationError("verify.container", "ballot", str(fault)) from fault
    if len(container.signatures) != 1:
        raise VerificationError("verify.container", "ballot", "it has not exactly one signature")
    signature = container.signatures[0]
    signature.verify("ballot.json", container.data, check_id="verify.signature", where="ballot")
    client.profile().check_certificate(
        signature.certificate,
        dt.datetime.fromisoformat(receipt.entry.time),
        check_id="verify.certificate",
        where="ballot",
    )
    _check_content(ballot, client)
    choices = open_with_seed(manifest, ballot, code.seed)
    return StoredBallot(name_on(signature.certificate), ballot.style, choices, receipt, latest)


def _check_content(ballot: Ballot, client: Client) -> None:
    manifest = client.manifest
    if ballot.election != manifest.digest.hex():
        raise VerificationError("verify.content", "ballot", "it is of another election")
    styles = {style.id: style.contests for style in manifest.ballot_styles}
    if styles.get(ballot.style) != tuple(contest.id for contest in ballot.contests):
        raise VerificationError("verify.content", "ballot", "its contests are not complete")
