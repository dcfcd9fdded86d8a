"""Who may mix, in which order, and what can be said without the first mix."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from crypto.errors import VerificationError
from tests.verifier_app.checks.test_owners import owner
from tests.verifier_app.conftest import InMemory
from tests.verifier_app.forge import Forgery
from verifier_app.checks.mixing import mix_mixers
from verifier_app.evidence import Evidence
from verifier_app.registry import CHECKS


def operated(names: Sequence[str]) -> list[SimpleNamespace]:
    return [SimpleNamespace(operator=name, id=f"mixer-{n}") for n, name in enumerate(names, 1)]


def mixed(
    mixers: str, officials: str = "o", trustees: str = "t", *, folders: Sequence[str] = ()
) -> SimpleNamespace:
    """The evidence of mixers of these operators, one letter each; the collector's is c."""
    parties = SimpleNamespace(
        mixers=operated(mixers),
        officials=SimpleNamespace(members=operated(officials)),
        trustees=SimpleNamespace(members=operated(trustees)),
        collector=SimpleNamespace(operator="c"),
    )
    lists = [SimpleNamespace(path="counts/mayor/kita/", count=1)] if folders else []
    files = {f"counts/mayor/kita/{folder}/signature.json": b"" for folder in folders}
    manifest = SimpleNamespace(parties=parties)
    return SimpleNamespace(manifest=manifest, counted=lists, folder=InMemory(files))


@pytest.mark.parametrize(
    ("mixers", "officials", "trustees", "allowed"),
    [
        ("", "o", "t", False),
        ("m", "o", "t", False),
        ("mm", "o", "t", False),
        ("mn", "o", "t", True),
        ("mnm", "o", "t", False),
        ("mnk", "o", "t", True),
        ("oc", "o", "t", False),
        ("op", "op", "t", False),
        ("tu", "o", "tu", False),
        ("oct", "o", "t", False),
        ("otm", "o", "t", True),
    ],
)
def test_mixers_have_different_operators_and_one_is_no_insider(
    mixers: str, officials: str, trustees: str, allowed: bool
) -> None:
    evidence: Any = mixed(mixers, officials, trustees)
    if allowed:
        assert mix_mixers(evidence) == 0
    else:
        with pytest.raises(VerificationError):
            mix_mixers(evidence)


def test_eleven_mixers_are_found_in_their_order() -> None:
    folders = [f"mix-{n:02d}-mixer-{n}" for n in range(1, 12)]
    evidence: Any = mixed("abdefghijkl", folders=folders)
    assert mix_mixers(evidence) == 1
    for missing in (folders[0], folders[9]):
        evidence = mixed("abdefghijkl", folders=[name for name in folders if name != missing])
        with pytest.raises(VerificationError, match="not by"):
            mix_mixers(evidence)


@pytest.mark.e2e
@pytest.mark.parametrize(
    "name", ["parameters", "input", "commitment", *(f"proof.{letter}" for letter in "ABCDF")]
)
def test_mix_that_is_not_public_needs_another_one(published: Forgery, name: str) -> None:
    """Without the box there is none to be checked where the manifest names one mixer only."""
    evidence = Evidence(InMemory(published.files))
    manifest = evidence.manifest
    assert owner(CHECKS[f"mix.{name}"], evidence) == ""
    alone = Evidence(InMemory(published.files))
    parties = manifest.parties.model_copy(update={"mixers": manifest.parties.mixers[:1]})
    vars(alone)["manifest"] = manifest.model_copy(update={"parties": parties})
    assert owner(CHECKS[f"mix.{name}"], alone) == "mix.mixers"
