"""One test eID for all tests of `voting`, and cards issued by it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from voting.eid import test_pki
from voting.eid.cards import SoftwareCard, load_card
from voting.eid.profile import EidProfile
from voting.files import read_tree

PIN = "123456"
Issue = Callable[[int], SoftwareCard]


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a test eID; read it, never change it."""
    folder = tmp_path_factory.mktemp("eid") / "pki"
    test_pki.init(folder)
    return folder


@pytest.fixture(scope="session")
def issue(pki: Path, tmp_path_factory: pytest.TempPathFactory) -> Issue:
    """The card of person number n, always the same within a session."""
    issuer, folder = test_pki.Issuer(pki), tmp_path_factory.mktemp("cards")

    @cache
    def card(number: int) -> SoftwareCard:
        path = folder / f"{number}.p12"
        issuer.write_card(f"{700000000000 + number}", f"佐藤 葵 {number}", PIN, path)
        return load_card(path, PIN)

    return card


@pytest.fixture(scope="session")
def eid_profile(pki: Path) -> EidProfile:
    return EidProfile.parse(read_tree(pki / "eid_profile", 1 << 20))
