"""Run the command over published files: python -m tests.verifier_app.ivxv DIR.

DIR may be copies of the repositories in which such files are published, one or several: every
`*-proof` is verified under a `*-pub.pem` of the same name, with box, tally and proofs of invalid
ballots. Then one byte of every field is changed, in the first proof, the middle one and the last:
each must be refused.
"""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any

from tests.verifier_app.ivxv.conftest import judge
from tests.verifier_app.ivxv.mutants import changed, first_middle_last, flipped, parts

SUFFIX = "-proof"


def found(folder: Path, name: str, election: str) -> Path | None:
    """The only file of this name that is JSON of this election, or a key."""
    files = sorted(path for path in folder.rglob(name) if path.is_file())
    for path in files:
        if path.suffix == ".pem" or json.loads(path.read_bytes()).get("election") == election:
            return path
    return None


def given(folder: Path, proofs: Path) -> dict[str, bytes]:
    """The files that belong to these proofs, by option."""
    election = proofs.name.removesuffix(SUFFIX)
    names = {
        "public-key": f"{election}-pub.pem",
        "invalid-proofs": f"{election}-proof-invalid",
        "mixed-box": f"{election}-bb-4.json",
        "tally": f"{election}.*.tally",
    }
    paths = {option: found(folder, name, election) for option, name in names.items()}
    paths["mixed-box"] = found(folder, "shuffled.json", election) or paths["mixed-box"]
    read = {option: path.read_bytes() for option, path in paths.items() if path}
    return {**read, "proofs": proofs.read_bytes()}


def mutants(entry: dict[str, str]) -> list[dict[str, str]]:
    """One byte of each value of ciphertext and proof, and of the message."""
    others = []
    for member in ("ciphertext", "proof"):
        data = base64.b64decode(entry[member])
        places = [place for part in parts(data) for place in first_middle_last(part)]
        others += [changed(entry, member, flipped(data, place)) for place in places]
    text = entry["message"]
    for place in (0, len(text) // 2, len(text) - 1):
        letter = "B" if text[place] == "A" else "A"
        others.append({**entry, "message": text[:place] + letter + text[place + 1 :]})
    return others


def refusals(files: dict[str, bytes]) -> tuple[int, int]:
    """Of how many mutants how many were refused; each stands alone in a file."""
    value: dict[str, Any] = json.loads(files["proofs"])
    entries = value["proofs"]
    tried = refused = 0
    for number in sorted({0, len(entries) // 2, len(entries) - 1}):
        for other in mutants(entries[number]):
            single = json.dumps({**value, "proofs": [other]}).encode()
            report = judge({"public-key": files["public-key"], "proofs": single})
            tried += 1
            refused += report.verdict == "refused"
    return tried, refused


def main() -> int:
    if len(sys.argv) != 2 or not sys.argv[1]:
        print("usage: make ivxv-published DIR=folder with published files")
        return 2
    folder, bad, seen = Path(sys.argv[1]), 0, 0
    if not folder.is_dir():
        print(f"ivxv-published: there is no folder {folder}")
        return 2
    files_of_proofs = sorted(folder.rglob(f"*{SUFFIX}"))
    if not files_of_proofs:
        print(f"ivxv-published: {folder} holds no proofs (*{SUFFIX})")
        return 1
    for proofs in files_of_proofs:
        files = given(folder, proofs)
        if "public-key" not in files:
            print(f"{proofs.name}: there is no key of this name")
            bad += 1
            continue
        report = judge(files)
        passed = ", ".join(f"{f.id} {f.items}" for f in report.checks if f.status == "passed")
        print(
            f"{proofs.name}: {report.verdict} {report.profile}: {passed}; {report.cpu_s:.1f} s CPU"
        )
        tried, refused = refusals(files)
        print(f"{proofs.name}: {refused} of {tried} changed proofs refused")
        bad += report.verdict != "verified" or refused != tried
        seen += 1
    if bad:
        print(f"ivxv-published: FAILED {bad} of {seen} files of proofs")
        return 1
    print(f"ivxv-published: ok {seen} files of proofs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
