"""CPU time per ballot against N, both axes logarithmic, as SVG.

Grey and the colours of the lines are readable on white and on black; the background is none.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

GROUP = "ristretto255"
COLOURS = {
    "shuffle_prove": "#d55e00",
    "shuffle_verify": "#0a84c6",
    "decrypt_prove": "#9a7d0a",
    "decrypt_verify": "#1a9850",
}
GREY = "#7a7a7a"
WIDTH, HEIGHT = 720, 440
LEFT, RIGHT, TOP, BOTTOM = 70, 580, 20, 390


@dataclass(frozen=True)
class Line:
    """One operation in one arithmetic: points (N, CPU ms), in the order of N."""

    op: str
    arithmetic: str
    points: Sequence[tuple[int, float]]


def read(path: Path) -> list[dict[str, Any]]:
    """The runs, each a line that ``mix --json`` printed."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def lines(runs: Iterable[dict[str, Any]]) -> list[Line]:
    """What the runs in the plot's group on all cores say of its operations."""
    found: dict[tuple[str, str], dict[int, float]] = {}
    for result in runs:
        if result["group"] == GROUP and result["cores"] > 1:
            for row in result["rows"]:
                if row["op"] in COLOURS:
                    line = found.setdefault((row["op"], result["arithmetic"]), {})
                    line[row["n"]] = row["cpu_ms"]
    return [
        Line(op, arithmetic, sorted(points.items()))
        for (op, arithmetic), points in sorted(found.items())
    ]


def svg(runs: Iterable[dict[str, Any]]) -> str:
    """The plot, a whole file."""
    drawn = lines(runs)
    x = _Axis([n for line in drawn for n, _ in line.points], LEFT, RIGHT)
    y = _Axis([ms for line in drawn for _, ms in line.points], BOTTOM, TOP)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'font-family="sans-serif" font-size="13" fill="{GREY}">'
    )
    arithmetics = sorted({line.arithmetic for line in drawn})
    turned = f'<g transform="translate(16 {(TOP + BOTTOM) / 2}) rotate(-90)">'
    parts = [
        head,
        f"<title>CPU time per ballot against the length of the list, {GROUP}</title>",
        *(_grid_x(x, n) for n in x.powers()),
        *(_grid_y(y, ms) for ms in y.powers()),
        _text((LEFT + RIGHT) / 2, HEIGHT - 8, "N, ciphertexts in the list", "middle"),
        f"{turned}{_text(0, 0, 'CPU ms per ballot', 'middle')}</g>",
        *(_drawn(line, x, y) for line in drawn),
        *(_key(place, name) for place, name in enumerate(arithmetics)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


class _Axis:
    """From the power of ten below all values to the one above them."""

    def __init__(self, values: Sequence[float], start: float, end: float) -> None:
        self.low = math.floor(math.log10(min(values)))
        self.high = max(self.low + 1, math.ceil(math.log10(max(values))))
        self.start, self.end = start, end

    def powers(self) -> list[float]:
        return [10.0**exponent for exponent in range(self.low, self.high + 1)]

    def at(self, value: float) -> float:
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)


def _grid_x(x: _Axis, n: float) -> str:
    at = x.at(n)
    return _rule(at, TOP, at, BOTTOM) + _text(at, BOTTOM + 18, f"{n:,.0f}", "middle")


def _grid_y(y: _Axis, ms: float) -> str:
    at = y.at(ms)
    return _rule(LEFT, at, RIGHT, at) + _text(LEFT - 8, at + 4, f"{ms:g}", "end")


def _rule(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<path d="M{x1} {y1}L{x2} {y2}" stroke="{GREY}" stroke-opacity=".35"/>'


def _text(x: float, y: float, text: str, anchor: str, fill: str = GREY) -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="{fill}">{text}</text>'


def _drawn(line: Line, x: _Axis, y: _Axis) -> str:
    colour = COLOURS[line.op]
    places = [(x.at(n), y.at(ms)) for n, ms in line.points]
    parts = [
        _stroke(places, colour, line.arithmetic),
        *(f'<circle cx="{at_x}" cy="{at_y}" r="3" fill="{colour}"/>' for at_x, at_y in places),
    ]
    if line.arithmetic == "kernel":
        last_x, last_y = places[-1]
        parts.append(_text(last_x + 10, last_y + 4, line.op, "start", colour))
    return "\n".join(parts)


def _key(place: int, arithmetic: str) -> str:
    """One line of the key of the strokes, beside the plot."""
    at = TOP + 10 + 22 * place
    stroke = _stroke([(RIGHT + 10, at), (RIGHT + 50, at)], GREY, arithmetic)
    return stroke + _text(RIGHT + 58, at + 4, arithmetic, "start")


def _stroke(places: Sequence[tuple[float, float]], colour: str, arithmetic: str) -> str:
    path = "L".join(f"{at_x} {at_y}" for at_x, at_y in places)
    dashes = "" if arithmetic == "kernel" else ' stroke-dasharray="6 4"'
    return f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>'
