"""What comes after an official's signature, in one sentence; nothing here does anything."""

from __future__ import annotations

from pathlib import Path

_APPEND = "voting collector append {signed} --home COLLECTOR"
_AFTER = {
    "sukashi/manifest/1": "the trustees sign it: tally ceremony sign --election {folder}; then"
    " voting election complete {folder}",
    "sukashi/paper/1": _APPEND,
    "sukashi/seal/1": f"tally box attach {{signed}} --box BOX --work WORK; then {_APPEND}",
    "sukashi/selection/1": _APPEND,
    "sukashi/record/1": "publish the folder {folder}",
}


def _commanded(document: Path) -> str:
    """What the operator does by an order of this name."""
    kind = document.stem.partition("-")[2].partition("-")[0]
    return {"opened": "open", "suspended": "suspend", "resumed": "resume"}.get(kind, "close")


def after_signing(schema: object, document: Path, signed: Path) -> str | None:
    """The next step once enough officials have signed; None where it is not known."""
    step = _AFTER.get(str(schema))
    if schema == "sukashi/roll/1":
        first = document.name == "roll-0001.json"
        step = "voting collector init --roll {signed}, once the manifest is complete"
        step = step if first else _APPEND
    if schema == "sukashi/order/1":
        step = f"voting collector {_commanded(document)} {{signed}} --home COLLECTOR"
    if step is None:
        return None
    said = step.format(signed=signed, folder=document.parent)
    return f"Next: the other officials sign {document} too; when enough have: {said}"
