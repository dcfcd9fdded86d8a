"""Paths of voters' certificates as the verifier verifies them."""

from __future__ import annotations

from tests.voting.eid.chain_claims import ClaimsOfChains
from verifier_app.readers import paths


class TestPaths(ClaimsOfChains):
    make, module, single, most = paths.Paths, paths, "_verify", "REMEMBERED"
