"""What a command of the counting room says when it is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Step:
    """The outcome of one command, in plain words.

    `did`: what was done and checked, one sentence each. `next`: what to do now, "" if nothing.
    `facts`: the same for machines; numbers, names and digests only, never a secret.
    """

    did: tuple[str, ...]
    next: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
