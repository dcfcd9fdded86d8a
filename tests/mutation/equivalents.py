"""The mutants that change nothing: the table at the end of docs/assurance.md."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

HEADER = "| file | function | change | why nothing changes |"


@dataclass(frozen=True)
class Row:
    path: str
    function: str
    change: str
    why: str

    @property
    def key(self) -> str:
        return f"{self.path} · {self.function} · {self.change}"


def listed(root: Path) -> list[Row]:
    """The rows of the table."""
    page = root / "docs" / "assurance.md"
    lines = page.read_text(encoding="utf-8").split("\n") if page.exists() else []
    rows = []
    for line in lines[lines.index(HEADER) + 2 :] if HEADER in lines else ():
        if not line.startswith("| "):
            break
        cells = [cell.strip().replace("\\|", "|") for cell in line.strip("| ").split(" | ")]
        path, function, change, why = cells
        rows.append(Row(path.strip("`"), function.strip("`"), change.strip("`"), why))
    return rows
