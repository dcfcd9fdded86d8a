"""Casting one ballot, so that a crash or a lost network never makes two of it.

The signed container is on disk before it is sent; running again sends the same bytes.
"""

from __future__ import annotations

import datetime as dt
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from crypto.errors import EncodingError
from voting.ballot.ballot import SEED_BYTES, Anchor, Ballot, QrCode, build, open_with_seed
from voting.console import Refused, UsageFault
from voting.eid import container as containers
from voting.eid.cards import Card
from voting.eid.signing import add_signature
from voting.election.contests import Choice, Contest
from voting.election.manifest import BallotStyle, Manifest
from voting.files import read_bounded, write_atomic
from voting.voter.client import Client, Receipt

_LIMIT = 1 << 24
_NUMBERS = re.compile(r"[1-9][0-9]{0,4}(,[1-9][0-9]{0,4})*")


@dataclass(frozen=True)
class Cast:
    """A ballot that is stored, with what its voter keeps."""

    receipt: Receipt
    code: QrCode


@dataclass(frozen=True)
class Vote:
    """What a voter decided in each contest of a ballot style."""

    style: BallotStyle
    choices: Mapping[str, Choice]


def parse_vote(manifest: Manifest, texts: list[str], style_id: str | None = None) -> Vote:
    """CONTEST=CHOICE for exactly the contests of one ballot style; CHOICE is an option's
    number, the numbers of several (1,4), or `blank`.

    `style_id` is needed where several styles have the same contests. Raises UsageFault.
    """
    choices = _choices(manifest, texts)
    known = {style.id: style for style in manifest.ballot_styles}
    if style_id is not None and style_id not in known:
        raise UsageFault(f"there is no ballot style {style_id!r}; there are {', '.join(known)}")
    fitting = [style for style in known.values() if set(style.contests) == set(choices)]
    chosen = [style for style in fitting if style_id in (None, style.id)]
    if not chosen:
        all_ = "; ".join(f"{s.id}: {', '.join(s.contests)}" for s in known.values())
        raise UsageFault(f"choose in exactly the contests of one ballot style ({all_})")
    if len(chosen) > 1:
        names = ", ".join(style.id for style in chosen)
        raise UsageFault(f"{names} have these contests; name that of your district with --style")
    return Vote(chosen[0], choices)


def _choices(manifest: Manifest, texts: list[str]) -> dict[str, Choice]:
    choices: dict[str, Choice] = {}
    for text in texts:
        contest_id, _, said = text.partition("=")
        known = [contest.id for contest in manifest.contests]
        if contest_id not in known or contest_id in choices:
            raise UsageFault(f"{text!r}: name each contest once; there are {', '.join(known)}")
        contest = manifest.contest(contest_id)
        if said != "blank" and not _NUMBERS.fullmatch(said):
            raise UsageFault(f"{text!r}: {said!r} is neither an option's number nor blank")
        choice = () if said == "blank" else tuple(sorted(map(int, said.split(","))))
        try:
            contest.plaintexts(choice)
        except ValueError:
            raise UsageFault(f"{text!r}: {_allowed(contest)}") from None
        choices[contest_id] = choice
    return choices


def _allowed(contest: Contest) -> str:
    """What may be chosen, in words."""
    of = f"of the options 1 to {len(contest.options)}"
    if contest.kind == "approval":
        least = f"{contest.minimum} to " if contest.minimum else "up to "
        how = f"{contest.id} takes {least}{contest.maximum} {of}, each once"
    else:
        how = f"{contest.id} takes one {of}"
    return f"{how}, or blank" if contest.blank else f"{how}; a blank vote is not allowed"


def cast(
    client: Client,
    card: Card,
    identifier: str,
    vote: Vote,
    out: Path,
    language: str,
) -> Cast:
    """Build, sign, store durably, send, check the receipt, and only then write it.

    `out` gets receipt.txt and qr.txt. A container left there by an interrupted attempt is sent
    again instead of making a new ballot.

    Raises:
        Refused, Unfinished, VerificationError: as `Client.send`; after a refusal the pending
            ballot is removed.
    """
    if (out / "receipt.txt").exists():
        raise Refused(f"{out} holds the receipt of a ballot already; name another folder")
    pending, seed_file = out / "pending.asice", out / "pending.seed"
    if not pending.exists():
        seed = secrets.token_bytes(SEED_BYTES)
        container = _signed(client, card, identifier, vote, seed)
        write_atomic(seed_file, seed.hex().encode(), mode=0o600)
        write_atomic(pending, container, mode=0o600)
    container = read_bounded(pending, _LIMIT)
    _require_same(client.manifest, container, _seed(seed_file), card, vote, out)
    try:
        receipt = client.send(container, language)
    except Refused:
        pending.unlink()
        seed_file.unlink()
        raise
    code = QrCode(receipt.sequence, _seed(seed_file))
    write_atomic(out / "qr.txt", code.text().encode() + b"\n", mode=0o600)
    write_atomic(out / "receipt.txt", receipt.data)
    pending.unlink()
    seed_file.unlink()
    return Cast(receipt, code)


def _signed(
    client: Client,
    card: Card,
    identifier: str,
    vote: Vote,
    seed: bytes,
) -> bytes:
    manifest = client.manifest
    version = client.roll_version()
    seen = client.checkpoint()  # just before signing: the anchor
    ballot = build(
        manifest,
        vote.style,
        identifier,
        vote.choices,
        seed,
        roll_version=version,
        anchor=Anchor(size=seen.size, root=seen.root.hex()),
    )
    return add_signature(None, "ballot.json", ballot, card, dt.datetime.now(dt.UTC)).encode()


def _require_same(
    manifest: Manifest,
    container: bytes,
    seed: bytes,
    card: Card,
    vote: Vote,
    out: Path,
) -> None:
    """What an interrupted attempt left is the ballot that the voter has just confirmed."""
    parsed = containers.parse(container, "ballot.json", _LIMIT)
    signers = [signature.certificate_der for signature in parsed.signatures]
    held = open_with_seed(manifest, Ballot.parse(parsed.data), seed)
    if signers != [card.certificate_der] or held != dict(vote.choices):
        raise Refused(
            f"{out} holds another ballot, which was signed but whose answer never came; it may be"
            " stored. Repeat that choice with that card to get its receipt, then vote again in"
            " another folder."
        )


def _seed(path: Path) -> bytes:
    try:
        return bytes.fromhex(read_bounded(path, 64).decode("ascii"))
    except ValueError:
        raise EncodingError(f"{path} does not hold a seed") from None
