"""Claims about hedged nonces: no two statements share one, whatever the generator does."""

from __future__ import annotations

import pytest

from crypto.groups import group_by_name
from crypto.proofs import equality
from crypto.proofs.nonce import hedged_nonce

G = group_by_name("ristretto255")
X = G.scalar(7)


@pytest.fixture
def _broken_generator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crypto.proofs.nonce.secrets.token_bytes", bytes)


@pytest.mark.usefixtures("_broken_generator")
def test_generator_that_repeats_itself_repeats_no_nonce() -> None:
    others = [
        hedged_nonce(G, "a", X, b"statement"),
        hedged_nonce(G, "b", X, b"statement"),
        hedged_nonce(G, "a", G.scalar(8), b"statement"),
        hedged_nonce(G, "a", X, b"other statement"),
        hedged_nonce(G, "a", X, b"statement", b""),
    ]
    assert len({int(r) for r in others}) == len(others)
    assert hedged_nonce(G, "a", X, b"statement") == others[0]


@pytest.mark.usefixtures("_broken_generator")
def test_two_proofs_of_a_broken_generator_do_not_give_the_secret_away() -> None:
    """With one nonce for both, x = (z − z') / (v − v')."""
    u, v = G.g ** G.scalar(3), G.g ** G.scalar(5)
    one = equality.prove(bytes(32), G.g**X, u, u**X, X)
    other = equality.prove(bytes(32), G.g**X, v, v**X, X)
    assert one.commitment_g != other.commitment_g


def test_working_generator_makes_every_nonce_new() -> None:
    assert hedged_nonce(G, "a", X, b"statement") != hedged_nonce(G, "a", X, b"statement")
