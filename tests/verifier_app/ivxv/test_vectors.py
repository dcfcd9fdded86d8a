"""What other people's code wrote (tests/vectors/ivxv): accepted, and refused when changed."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from tests.verifier_app.ivxv.conftest import judge
from tests.verifier_app.ivxv.mutants import changed, first_middle_last, flipped, parts
from tests.verifier_app.ivxv.office import pretty

VECTORS = Path(__file__).parents[2] / "vectors" / "ivxv"
NAMES = {
    "public-key": "pub.pem",
    "proofs": "proof.json",
    "invalid-proofs": "proof-invalid.json",
    "mixed-box": "box.json",
    "tally": "tally.json",
}


@pytest.fixture
def files() -> dict[str, bytes]:
    return {option: (VECTORS / name).read_bytes() for option, name in NAMES.items()}


def test_count_by_other_code_is_verified(files: dict[str, bytes]) -> None:
    report = judge(files)
    assert (report.verdict, report.profile, report.group) == ("verified", "KOV2025", "P-384")
    assert (report.proofs, report.invalid_proofs) == (5, 2)
    assert report.votes == {"0000.1003": 1, "0000.101": 3, "0000.102": 1}
    lifted, roots = report.warnings
    assert "`lifted`" in lifted
    assert "with the other square root" in roots


@pytest.mark.parametrize("number", [0, 2, 4])
def test_changed_count_by_other_code_is_refused(files: dict[str, bytes], number: int) -> None:
    proofs = json.loads(files["proofs"])
    for member in ("ciphertext", "message", "proof"):
        data = base64.b64decode(proofs["proofs"][number][member])
        for part in parts(data):
            for place in first_middle_last(part):
                other = json.loads(files["proofs"])
                entry = other["proofs"][number]
                other["proofs"][number] = changed(entry, member, flipped(data, place))
                report = judge({**files, "proofs": pretty(other)})
                assert report.failed in (["ivxv.encoding"], ["ivxv.proofs"])
                (finding,) = (found for found in report.checks if found.status == "failed")
                assert finding.where == f"proof {number + 1} (proofs[{number}])"


def test_key_of_other_code_is_not_interchangeable(files: dict[str, bytes]) -> None:
    """The challenge holds the whole key, `lifted` too."""
    lines = files["public-key"].decode().split("\n")
    der = bytearray(base64.b64decode("".join(lines[1:-1])))
    place = der.index(b"\x01\x01\xff")
    der[place + 2] = 0
    assert judge({**files, "public-key": bytes(der)}).failed == ["ivxv.proofs"]
