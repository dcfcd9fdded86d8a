"""The report says how much was examined; nobody is told of more than there was."""

from __future__ import annotations

import json

import pytest

from tests.verifier_app.conftest import Verify
from tests.verifier_app.forge import Forgery

pytestmark = pytest.mark.e2e


def test_number_of_items_is_what_was_examined(published: Forgery, verify: Verify) -> None:
    report = verify(published)
    found = {finding.id: finding.items for finding in report.checks}
    listed = json.loads(published.files["record.json"])["files"]
    parties = published.manifest.parties
    lists, ballots = len(published.counts), len(published.ballots)
    contests, entries = len(published.manifest.contests), len(published.entries)
    trustees = len(parties.trustees.members)
    mixes, decryptions = lists * len(parties.mixers), lists * 2
    votes = sum(row.ballots for row in published.counts)
    profile = len([path for path in published.files if path.startswith("eid_profile/")])
    officials = parties.officials.required
    mixing = ("signatures", "parameters", "input", "commitment", *(f"proof.{n}" for n in "ABCDF"))
    rules = (
        "grammar", "election", "open", "certificates", "signatures", "voter_limit", "style",
        "anchor", "elements", "fresh", "proofs", "timestamps", "revocation",
    )  # fmt: skip
    configured = found.pop("manifest.configuration")
    assert configured > 100  # values of election.yaml
    assert found == {
        "record.files": len(listed),
        "record.signatures": officials,
        "manifest.trust": 2,  # officials
        "manifest.encoding": 2 + profile,  # the manifest, the configuration
        "manifest.signatures": officials + trustees,
        "ceremony.messages": 6 * trustees,
        "ceremony.proofs": trustees,
        "ceremony.key": 3 + trustees,  # numbers, key, acceptance; rehearsals
        "log.checkpoint": 1,
        "log.witnesses": published.files["log/checkpoint"].count("— ".encode()) - 1,
        "log.tree": entries,
        "log.chain": entries,
        "log.entries": entries,
        "log.access": len([e for e in published.entries if e["kind"] == "access"]),
        "log.orders": len([e for e in published.entries if "order" in e]),
        "selection.signatures": officials,
        "selection.audit": 1,
        "count.complete": len(json.loads(published.files["selection.json"])["counts"]),
        "mix.mixers": lists,
        **{f"mix.{name}": mixes for name in mixing},
        "decryption.quorum": lists,
        **dict.fromkeys(
            ("decryption.signatures", "decryption.parameters", "decryption.factors"), decryptions
        ),
        "tally.plaintexts": votes,
        "tally.sums": lists,
        "results.equal": contests,
        "box.tables": 7,
        "box.seal": 1,
        "box.log": published.at("box"),
        "box.files": len(published.restricted),
        **{f"box.{name}": ballots for name in rules},
        "box.roll": 1,
        "selection.last": 1 + ballots,
        "selection.paper": 1 + len(published.papers),
        "selection.units": len(json.loads(published.files["selection.json"])["counts"]),
        "selection.lists": lists,
    }


def test_without_a_box_the_first_mixes_are_not_counted(published: Forgery, verify: Verify) -> None:
    found = {finding.id: finding.items for finding in verify(published, box=False).checks}
    lists = len(published.counts)
    assert found["mix.signatures"] == 2 * lists
    assert {found[f"mix.{name}"] for name in ("parameters", "input", "commitment")} == {lists}
