"""A step on a full disk ends with code 3, says so, leaves no half file, and can be run again."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from tests.tally.room import Room
from tests.tally.test_bad_input import DECRYPT, MIX, Tally, tally, there  # noqa: F401

STEPS = {
    "seal": ("closed", "box seal --box box.sqlite --work room --out seal.json"),
    "select": ("sealed", "select --box box.sqlite --work room --trust trust"),
    "mix": ("audited", f"{MIX} --passphrase-file pass.txt"),
    "decrypt": ("mixed", f"{DECRYPT} --passphrase-file pass.txt"),
    "count": ("decrypted", "count --work room"),
    "publish": ("counted", "publish --work room --box box.sqlite"),
}


def drafts(root: Path) -> list[Path]:
    """What a write that was cut off could leave."""
    return [p for p in root.rglob(".*") if p.is_file() and p.suffix not in (".lock", "")]


@pytest.mark.parametrize("step", STEPS)
def test_full_disk_ends_a_step_with_code_3_and_nothing_half(
    step: str,
    there: Callable[[str], Room],  # noqa: F811
    tally: Tally,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Full at its first, its second and a later write: what was there stays as it was."""
    stage, command = STEPS[step]
    room = there(stage)
    before, honest = room.files(), os.fsync
    for writes in (0, 1, 6):
        calls = count()

        def full(descriptor: int, calls: count[int] = calls, writes: int = writes) -> None:
            if next(calls) >= writes:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            honest(descriptor)

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            said = tally(command)
        if said.code == 0:  # it writes less than that
            continue
        assert (said.code, said.out) == (3, ""), said
        assert "No space left" in said.err
        after = room.files()
        if step == "publish":  # the box has its files before the record is there, and keeps them
            before = {path: data for path, data in before.items() if path != "box.sqlite"}
        assert {path: after.get(path) for path in before} == before
        assert drafts(room.root) == []
    said = tally(command)
    assert said.code == 0, said
