"""Orders: what officials sign so that voting opens, stops, goes on or closes (specification §8.1).

Four eyes: nobody does any of it alone, not the operator of the collector either. The orders of an
election are numbered from 1, so that none can be used twice.
"""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field, ValidationError, model_validator

from voting.console import UsageFault
from voting.eid.officials import verify_document
from voting.election.documents import Document, document_bytes, parse_model
from voting.election.manifest import Manifest
from voting.election.values import Digest, Positive

OrderKind = Literal["opened", "suspended", "resumed", "closed"]
ORDER_KINDS: tuple[OrderKind, ...] = get_args(OrderKind)
CHECK = "log.orders"
REASON_LIMIT = 2000  # characters: it is shown to voters
_REMEDY = {
    "kind": f"an order is one of {', '.join(ORDER_KINDS)}",
    "number": "the orders of an election are numbered 1, 2, …",
    "reason": "an order to suspend or resume says why, with --reason, in at most"
    f" {REASON_LIMIT} characters",
}


class Order(Document):
    """One order. Its reason is public; only a planned opening or close may do without."""

    schema_: Literal["sukashi/order/1"] = Field(default="sukashi/order/1", alias="schema")
    election: Digest
    kind: OrderKind
    number: Positive
    reason: Annotated[str, Field(max_length=REASON_LIMIT)]

    @model_validator(mode="after")
    def _has_a_reason(self) -> Order:
        if self.kind in ("suspended", "resumed") and not self.reason.strip():
            raise ValueError("whoever stops voting, or lets it go on, says why")
        return self

    @property
    def name(self) -> str:
        """Of its files, without their suffix."""
        return order_name(self.kind, self.number)

    @classmethod
    def parse(cls, data: bytes, where: str) -> Order:
        """Raises EncodingError."""
        return parse_model(cls, data, where)

    def encode(self) -> bytes:
        return document_bytes(self)


def order_name(kind: str, number: int) -> str:
    """`order-<kind>-<number>`: of `.json` and `.asice`."""
    return f"order-{kind}-{number}"


def open_order(container: bytes, name: str, manifest: Manifest) -> tuple[Order, bytes]:
    """The order in a signed document of that name (without suffix), and its bytes.

    Raises:
        VerificationError: (`log.orders`) too few officials signed it, or a stranger.
        EncodingError: what they signed is no order.
    """
    officials = manifest.parties.officials
    certificates = [member.certificate for member in officials.members]
    data = verify_document(
        container, f"{name}.json", certificates, officials.required, check_id=CHECK
    )
    return Order.parse(data, f"{name}.json"), data


def make_order(manifest: Manifest, kind: str, number: int, reason: str) -> Order:
    """An order to be signed.

    Raises:
        UsageFault: no such kind, or a reason is missing or too long.
    """
    try:
        return Order.model_validate(
            {
                "schema": "sukashi/order/1",
                "election": manifest.digest.hex(),
                "kind": kind,
                "number": number,
                "reason": reason,
            }
        )
    except ValidationError as fault:
        field = str(next(iter(fault.errors()[0]["loc"]), "reason"))
        raise UsageFault(_REMEDY.get(field, _REMEDY["reason"])) from None
