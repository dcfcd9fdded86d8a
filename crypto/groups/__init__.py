"""The groups an election can use, by name."""

from __future__ import annotations

from crypto.errors import EncodingError
from crypto.groups.api import Element, Elements, Group, Scalar, Scalars

__all__ = ["Element", "Elements", "Group", "Scalar", "Scalars", "group_by_name"]


def group_by_name(name: str) -> Group:
    """Return the group that a configuration calls ``name``. Raises EncodingError if unknown."""
    if name == "ristretto255":
        from crypto.groups.ristretto255 import Ristretto255

        return Ristretto255()
    raise EncodingError(f"unknown group {name!r}; known: ristretto255")
