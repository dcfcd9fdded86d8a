"""What the benchmarks say besides times."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from crypto.elgamal import Ciphertexts, PublicKey
from crypto.proofs.parameters import ProofParameters
from tests.benchmarks import __main__ as benchmarks
from tests.benchmarks import collector, million, mix, plot
from tests.benchmarks.limit import COUNTS
from tests.benchmarks.measuring import Stopwatch
from tests.crypto.counting import CountingRistretto255

T = TypeVar("T")
DOCS = Path(__file__).parents[2] / "docs"


class CountingWatch(Stopwatch):
    """Takes what the group counted in each operation."""

    def __init__(self, group: CountingRistretto255) -> None:
        super().__init__()
        self.group = group
        self.counts: dict[str, Counter[str]] = {}

    def time(self, op: str, n: int, work: Callable[[], T]) -> T:
        self.group.take()
        result = super().time(op, n, work)
        self.counts[op] = self.group.take()
        return result


def test_operations_behind_each_step_are_those_that_are_done() -> None:
    group = CountingRistretto255()
    few, many = CountingWatch(group), CountingWatch(group)
    mix.run(few, group, 4, choices=True)
    mix.run(many, group, 7, choices=True)
    assert many.counts.keys() == COUNTS.keys()
    kinds = {"decoding": "decode", "generator": "generator"}
    for op, counted in COUNTS.items():
        done, more = many.counts[op] - few.counts[op], Counter[str]()
        for unit, count in counted.items():
            if "power" in unit or "product" in unit:
                more["power"] += 3 * count
            elif unit in kinds:
                more[kinds[unit]] += 3 * count
        powers = done["power"] + done["power of g"]
        found = {"power": powers, "decode": done["decode"], "generator": done["generator"]}
        assert {kind: n for kind, n in found.items() if n} == more, op


def called(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["benchmarks", *words])
    return benchmarks.main()


def test_a_run_at_n_alone_says_no_growth(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(monkeypatch, "mix", "--n", "3", "--no-growth", "--no-choices", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["growth"] is None
    assert [row["op"] for row in said["rows"]] == [op for op in COUNTS if "choice" not in op]
    assert said["limit"].keys() == {row["op"] for row in said["rows"]}
    assert all(row["bytes"] > 0 and row["n"] == 3 for row in said["rows"])


def test_a_million_is_verified(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(monkeypatch, "million", "--n", "40", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["schema"], said["n"], said["verdict"]) == (
        "sukashi/benchmark-million/1",
        40,
        "verified",
    )
    assert set(said["stages"]) == {"shuffle_prove", "shuffle_verify"}


def test_a_million_that_is_not_verified_is_said_to_be_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reply = "proofs/PoSReply01.bt"

    def lying(parameters: ProofParameters, pk: PublicKey, w: Ciphertexts) -> dict[str, bytes]:
        files, others = (mix.shuffled(parameters, pk, w) for _ in range(2))
        return {**files, reply: others[reply]}

    monkeypatch.setattr(million, "shuffled", lying)
    assert called(monkeypatch, "million", "--n", "40") == 1
    assert capsys.readouterr().out.endswith("\nrefused\n")


def test_a_fault_of_the_program_is_no_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(million, "verified", broken)
    with pytest.raises(ZeroDivisionError):
        million.measure(3)


def test_the_plot_is_that_of_the_runs() -> None:
    drawn = plot.svg(plot.read(DOCS / "performance.jsonl"))
    assert drawn == (DOCS / "performance.svg").read_text(encoding="utf-8")


def test_a_line_has_the_times_of_one_operation_and_arithmetic_in_the_order_of_n() -> None:
    def result(n: int, ms: float, arithmetic: str = "kernel", cores: int = 2) -> dict[str, object]:
        rows = [
            {"op": "shuffle_prove", "n": n, "cpu_ms": ms},
            {"op": "encrypt", "n": n, "cpu_ms": 9},
        ]
        return {"group": plot.GROUP, "arithmetic": arithmetic, "cores": cores, "rows": rows}

    runs = [
        result(1000, 0.2),
        result(100, 0.5),
        result(100, 7.0, "libsodium"),
        result(100, 9.0, cores=1),
        {**result(10, 9.0), "group": "P-256"},
    ]
    assert plot.lines(runs) == [
        plot.Line("shuffle_prove", "kernel", [(100, 0.5), (1000, 0.2)]),
        plot.Line("shuffle_prove", "libsodium", [(100, 7.0)]),
    ]


def test_first_and_last_ballots_of_a_long_log_are_compared(
    capsys: pytest.CaptureFixture[str],
) -> None:
    parser = argparse.ArgumentParser()
    collector.add_arguments(parser)
    options = ["--database", "sqlite", "--stored", "130", "--each", "65", "--real", "2", "--json"]
    assert collector.run(parser.parse_args(options)) == 0
    found = list(map(json.loads, capsys.readouterr().out.splitlines()))
    first, filled, last, compared, *starts = found
    assert [one["ballots"] for one in (first, filled, last, *starts)] == [65, 130, 195, 195, 195]
    assert [one["start"] for one in starts] == ["read_checked", "read_log"]
    assert compared["ms_ratio"] == last["ms"] / first["ms"]
    assert (compared["stored"], compared["real_containers"]) == (130, 2)
