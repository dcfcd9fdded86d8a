"""Targets: protInfo.xml, descriptions of groups, and `verifier shuffle` on whole directories."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from lxml import etree

from crypto.errors import EncodingError, VerificationError
from crypto.groups import group_by_pgroup
from tests.fuzz.targets import Disagreement, Material, target
from tests.verifier_app.verificatum.conftest import judge
from tests.verifier_app.verificatum.prover import Plan, make
from verifier_app.verificatum.protinfo import ProtocolInfo

VECTORS = Path(__file__).parents[1] / "vectors"
TEXTS = {"sid": "sid", "pgroup": "pgroup", "prg": "prg", "rohash": "rohash"}


@target(
    lambda _: [
        Plan("mixing", servers=2).protinfo,
        (VECTORS / "verificatum/foreign-p256-shuffle-n4/protInfo.xml").read_bytes(),
    ]
)
def protocol_infos(_m: Material, data: bytes) -> None:
    """What is read is what another XML parser finds in it."""
    info = ProtocolInfo.read(data)
    try:
        root = etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as fault:
        raise Disagreement("another parser refuses it") from fault
    if any(root.findtext(tag) != getattr(info, name) for tag, name in TEXTS.items()):
        raise Disagreement("another parser reads another text")
    if len(root.findall("party")) != info.servers:
        raise Disagreement("another parser counts other parties")


@target(
    lambda _: [
        ProtocolInfo.read((VECTORS / "verificatum" / name / "protInfo.xml").read_bytes())
        .pgroup.encode()
        for name in ("p256-mix-n10", "p384-mix-n10", "modp2048-mix-n10")
    ]
)  # fmt: skip
def groups_by_description(_m: Material, data: bytes) -> None:
    try:
        pgroup = data.decode()
    except UnicodeDecodeError:
        raise EncodingError("no text") from None
    group = group_by_pgroup(pgroup)
    if group.pgroup != pgroup:
        raise Disagreement("another description of one group")
    if group.decode_element(group.g.tree(), allow_identity=False) != group.g:
        raise Disagreement("a generator that is no member")


PLANS = [
    Plan("mixing", n=2, servers=2, threshold=2, active=(1, 2)),
    Plan("shuffling", n=1, width=2, maxciph=2),
    Plan("decryption", n=1, key_width=2),
]


@cache
def _directories() -> list[tuple[Plan, dict[str, bytes]]]:
    return [(plan, make(plan)) for plan in PLANS]


@cache
def _places() -> list[tuple[int, str]]:
    """Every file of every directory."""
    return [(i, path) for i, (_, files) in enumerate(_directories()) for path in sorted(files)]


@target(
    lambda _: [
        bytes([number]) + _directories()[i][1][path] for number, (i, path) in enumerate(_places())
    ]
)
def foreign_directories(_m: Material, data: bytes) -> None:
    """One file replaced, the first byte says which: nothing but the honest one is verified."""
    if not data:
        raise EncodingError("nothing")
    i, path = _places()[data[0] % len(_places())]
    plan, files = _directories()[i]
    report = judge({**files, path: data[1:]}, plan.protinfo)
    if report.first is not None:
        raise VerificationError(report.first.id, report.first.where, report.first.why)
    if files[path] != data[1:]:
        raise Disagreement(f"a changed {path} is verified")
