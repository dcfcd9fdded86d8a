"""What a trustee keeps sealed: its secrets while a run lasts, its share of the key afterwards."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from crypto import byte_tree
from crypto.byte_tree import children, integer, leaf
from crypto.errors import EncodingError
from crypto.groups import Elements, Group, Scalar
from crypto.sealed import BoxKey
from crypto.threshold import NONCE_BYTES, Polynomial, ThresholdKey
from voting.election.party import PartyHome

SHARE = "share"


@dataclass(frozen=True, repr=False)
class RunSecrets:
    """One trustee's secrets of one run; sealed before its first message, removed after its last."""

    box: BoxKey
    nonce: bytes
    constant: Scalar
    commitments: Elements
    shares: tuple[Scalar, ...]  # f_j(1) … f_j(n)

    @classmethod
    def generate(cls, group: Group, n: int, t: int) -> RunSecrets:
        """A fresh polynomial, nonce and encryption key from the system's generator."""
        polynomial = Polynomial(group, t)
        return cls(
            BoxKey.generate(),
            secrets.token_bytes(NONCE_BYTES),
            polynomial.secret_constant,
            polynomial.commitments(),
            tuple(polynomial.secret_share(l) for l in range(1, n + 1)),
        )

    def store(self, home: PartyHome, run: int) -> None:
        """Seal them; durable when this returns."""
        tree = (
            self.box.secret_bytes(),
            self.nonce,
            self.constant.tree(),
            self.commitments.tree(),
            tuple(share.tree() for share in self.shares),
        )
        home.store_secret(_name(run), byte_tree.encode(tree))

    @classmethod
    def load(cls, home: PartyHome, run: int, group: Group, n: int, t: int) -> RunSecrets | None:
        """The secrets of this run, or None before its beginning. Raises EncodingError."""
        secret = home.load_secret(_name(run))
        if secret is None:
            return None
        box, nonce, constant, commitments, shares = children(
            byte_tree.decode(secret), 5, "secrets of the run"
        )
        return cls(
            BoxKey(leaf(box, 32, "encryption key")),
            leaf(nonce, NONCE_BYTES, "nonce"),
            group.decode_scalar(constant),
            group.decode_elements(commitments, t, allow_identity=False),
            tuple(group.decode_scalar(share) for share in children(shares, n, "shares")),
        )

    @staticmethod
    def forget(home: PartyHome, run: int) -> None:
        """Remove them when the key exists: only the share is needed from then on."""
        (home.path / f"{_name(run)}.sealed").unlink(missing_ok=True)


@dataclass(frozen=True, repr=False)
class KeyShare:
    """Trustee `number`'s share x_l of the election key, and the run it comes from."""

    run: int
    number: int
    transcript: bytes
    key: ThresholdKey
    secret_x: Scalar

    def store(self, home: PartyHome) -> None:
        """Seal it; durable when this returns."""
        tree = (
            integer(self.run),
            integer(self.number),
            integer(self.key.n),
            self.transcript,
            self.key.commitments.tree(),
            self.secret_x.tree(),
        )
        home.store_secret(SHARE, byte_tree.encode(tree))

    @classmethod
    def load(cls, home: PartyHome, group: Group) -> KeyShare | None:
        """The sealed share, checked against its public key; None where there is none.

        Raises EncodingError.
        """
        secret = home.load_secret(SHARE)
        if secret is None:
            return None
        run, number, n, transcript, commitments, x = children(
            byte_tree.decode(secret), 6, "share of the key"
        )
        if isinstance(commitments, bytes):
            raise EncodingError("share of the key: a list of commitments was expected")
        key = ThresholdKey(
            group.decode_elements(commitments, len(commitments), allow_identity=False),
            _number(n),
        )
        share = cls(
            _number(run),
            _number(number),
            leaf(transcript, 32, "transcript"),
            key,
            group.decode_scalar(x),
        )
        if group.g**share.secret_x != key.share_key(share.number):
            raise EncodingError("the share of the key does not fit its public key")
        return share


def _number(tree: byte_tree.Tree) -> int:
    return int.from_bytes(leaf(tree, 4, "number"), "big")


def _name(run: int) -> str:
    return f"ceremony-run-{run}"
