"""Chains of voters' certificates as the collector and the tally verify them."""

from __future__ import annotations

from tests.voting.eid.chain_claims import ClaimsOfChains
from voting.eid import chains


class TestChains(ClaimsOfChains):
    make, module, single, most = chains.Chains, chains, "_chain", "MAX_KNOWN"
