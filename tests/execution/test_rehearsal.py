"""What is foretold of a large list was measured on a small one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from crypto.groups import group_by_name
from execution import rehearsal
from execution.rehearsal import LARGE, Speed, rehearse
from tally import mixing
from tally.chain import Chain
from voting.election.manifest import Manifest


def test_a_rehearsal_takes_the_time_that_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([10.0, 14.0, 16.0])
    monkeypatch.setattr(rehearsal, "SAMPLE", 20)
    monkeypatch.setattr("execution.rehearsal.time.perf_counter", lambda: next(moments))
    assert rehearse(group_by_name("ristretto255")) == Speed(shuffled=5.0, checked=10.0)


@pytest.mark.parametrize(("largest", "expected"), [(LARGE - 1, None), (LARGE, 7.5)])
def test_a_mixer_foretells_large_lists_only(
    monkeypatch: pytest.MonkeyPatch, largest: int, expected: float | None
) -> None:
    def rehearsed(_group: object) -> Speed:
        return Speed(shuffled=5.0, checked=15.0)

    monkeypatch.setattr(mixing, "rehearse", rehearsed)
    chains = [SimpleNamespace(count=SimpleNamespace(ballots=n)) for n in (10, largest)]
    manifest = cast("Manifest", SimpleNamespace(crypto_group=None))
    said = mixing._foretold(manifest, cast("list[Chain]", chains), shuffled=100, checked=100)
    assert said == expected
