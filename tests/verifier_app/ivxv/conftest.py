"""Counts under each profile, and the verifier as the command runs it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cache
from io import BytesIO

import pytest

from tests.verifier_app.ivxv.office import Count
from verifier_app.ivxv.command import Files, run
from verifier_app.ivxv.profile import Profile
from verifier_app.ivxv.report import Report

PROFILES = ("RK2023", "EP2024", "KOV2025")
Judge = Callable[..., Report]


@cache
def _held(profile: str) -> Count:
    return Count.hold(profile)


@pytest.fixture(params=PROFILES)
def count(request: pytest.FixtureRequest) -> Count:
    """A count of each profile; one to change."""
    return copy.deepcopy(_held(request.param))


@pytest.fixture
def curve() -> Count:
    return copy.deepcopy(_held("KOV2025"))


@pytest.fixture
def padded() -> Count:
    return copy.deepcopy(_held("EP2024"))


@pytest.fixture
def plain() -> Count:
    return copy.deepcopy(_held("RK2023"))


def judge(files: dict[str, bytes], profile: str | None = None) -> Report:
    given = {name: BytesIO(data) for name, data in files.items()}
    return run(
        Files(
            given["public-key"],
            given["proofs"],
            given.get("invalid-proofs"),
            given.get("mixed-box"),
            given.get("tally"),
        ),
        None if profile is None else Profile(profile),
    )
