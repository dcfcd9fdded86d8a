"""The groups an election can use, by name, and those of other people's proofs, by description."""

from __future__ import annotations

from contextlib import suppress

from crypto.errors import EncodingError
from crypto.groups.api import Element, Elements, Group, Scalar, Scalars

__all__ = [
    "ARITHMETICS",
    "NAMES",
    "ONLY_FOR_TESTS",
    "Element",
    "Elements",
    "Group",
    "Scalar",
    "Scalars",
    "active_arithmetic",
    "curve_by_name",
    "group_by_name",
    "group_by_pgroup",
    "use_arithmetic",
]

NAMES = ("ristretto255", "P-256", "P-384", "modp-2048", "modp-3072")
"""What ``group`` of a configuration may say."""
ONLY_FOR_TESTS = {
    "P-256": "its reference arithmetic does not hide secrets from a stop-watch",
    "P-384": "its reference arithmetic does not hide secrets from a stop-watch",
    "modp-2048": "112 bits of security are too few for votes that must stay secret for decades",
}
"""Groups in which nothing may be secret for long, with the reason."""


ARITHMETICS = ("kernel", "reference")
_chosen: list[str] = []


def use_arithmetic(name: str) -> None:
    """Use this one of ``ARITHMETICS`` in the whole program from now on.

    Without a call it is the kernel where it was built. Raises ImportError where it was not.
    """
    if name == "kernel":
        from crypto.groups.native import native_group

        native_group("ristretto255")
    _chosen[:] = [name]


def active_arithmetic() -> str:
    """Return the one of ``ARITHMETICS`` that this program uses."""
    return "kernel" if _native("ristretto255") else "reference"


def group_by_name(name: str) -> Group:
    """Return the group that a configuration calls ``name``. Raises EncodingError if unknown."""
    match name:
        case "ristretto255":
            from crypto.groups.ristretto255 import Ristretto255

            return _native(name) or Ristretto255()
        case "P-256" | "P-384":
            return curve_by_name(name)
        case "modp-2048" | "modp-3072":
            from crypto.groups.modp import ModPGroup

            return ModPGroup.named(name)
    raise EncodingError(f"unknown group {name!r}; known: {', '.join(NAMES)}")


def curve_by_name(name: str, pgroup: str | None = None) -> Group:
    """Return P-256 or P-384; ``pgroup``: the string that a proof has for it, if not ours."""
    from crypto.groups.curves import ReferenceCurve

    return _native(name, pgroup) or ReferenceCurve(name, pgroup)


def _native(name: str, pgroup: str | None = None) -> Group | None:
    """The group in the chosen arithmetic, if that is the kernel's."""
    from crypto.groups.native import native_group

    if _chosen != ["reference"]:
        with suppress(ImportError):
            return native_group(name, pgroup)
    return None


def group_by_pgroup(pgroup: str) -> Group:
    """Return the group that a proof describes as ``pgroup``; see ``parse_pgroup``.

    Raises EncodingError for what is not a group of prime order in canonical form.
    """
    from crypto.groups.pgroup import parse_pgroup

    return parse_pgroup(pgroup)
