"""What the kernel knows of processes: who is whose child, and how much CPU time each has used."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

_TICK = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Used:
    """A process: the kernel's name of it, and its CPU seconds with those of ended children."""

    name: str
    seconds: float


def family(pid: int) -> dict[int, Used]:
    """A process and all its descendants."""
    children, found = defaultdict(list), {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = path.read_text()
        except (FileNotFoundError, ProcessLookupError):  # it ended meanwhile
            continue
        start, end = text.index("(") + 1, text.rindex(")")  # a name may hold anything
        fields, child = text[end + 2 :].split(), int(path.parent.name)
        children[int(fields[1])].append(child)
        ticks = sum(map(int, fields[11:15]))  # utime, stime, cutime, cstime: proc(5)
        found[child] = Used(text[start:end], ticks * _TICK)
    members, waiting = {}, [pid]
    while waiting:
        one = waiting.pop()
        if one in found:
            members[one] = found[one]
            waiting += children[one]
    return members
