"""Commands of a voter without a browser: `voting cast`, `voting verify-ballot`, `voting simulate`.

`--collector` takes http://host:port, https://… or unix:/path/to/socket.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voting.eid.options import CardFile, Module, Token, open_card

if TYPE_CHECKING:
    from voting.election.contests import Choice
    from voting.election.manifest import Manifest
    from voting.voter.client import Client

Collector = Annotated[str, typer.Option("--collector", help="http://host:port or unix:SOCKET.")]
Trust = Annotated[Path, typer.Option("--trust", help="Folder with trust.json, from elsewhere.")]
Pin = Annotated[
    Path | None, typer.Option("--pin-file", help="File with the PIN; asked for if not given.")
]
Language = Annotated[str, typer.Option("--lang", help="ja, en or et.")]
REMARK = 1000  # characters that an objection may have (section 7.1)


def _connect(collector: str, trust: Path) -> Client:
    from voting.election.signatures import Trust as TrustFile
    from voting.files import read_bounded
    from voting.voter.client import Client

    return Client(collector, TrustFile.parse(read_bounded(trust / "trust.json", 1 << 24)))


def _words(manifest: Manifest, choices: Mapping[str, Choice], language: str) -> list[str]:
    """The choices in words, every contest on a line."""
    blank = {"ja": "白票", "en": "blank", "et": "tühi"}
    lines = []
    for contest_id, choice in choices.items():
        contest = manifest.contest(contest_id)
        chosen = []
        for option in choice:
            name = contest.options[option - 1].name
            chosen.append(f"{option} {name.get(language) or next(iter(name.values()))}")
        title = contest.title.get(language) or next(iter(contest.title.values()))
        lines.append(f"{title}: {', '.join(chosen) or blank[language]}")
    return lines


def _language(language: str) -> str:
    from voting.console import UsageFault

    if language not in ("ja", "en", "et"):
        raise UsageFault("--lang is ja, en or et")
    return language


def cast(
    collector: Collector,
    trust: Trust,
    choose: Annotated[
        list[str], typer.Option("--choose", help="CONTEST=NUMBER, =blank, or =1,4 for several.")
    ],
    out: Annotated[Path, typer.Option("--out", help="New folder for receipt and code.")],
    card: CardFile = None,
    pkcs11: Module = None,
    token: Token = None,
    style: Annotated[
        str | None, typer.Option(help="Your ballot style, where several have these contests.")
    ] = None,
    pin_file: Pin = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before sending.")] = False,
    language: Language = "en",
) -> None:
    """Encrypt, sign and send your vote; keep the receipt.

    Example: voting cast --collector http://localhost:8080 --trust trust --card card.p12
    --choose mayor=3 --choose assembly-kita=blank --out my-vote
    """
    from voting import console
    from voting.voter import casting

    language = _language(language)
    client = _connect(collector, trust)
    vote = casting.parse_vote(client.manifest, choose, style)
    for line in _words(client.manifest, vote.choices, language):
        console.say(line)
    if not yes and not typer.confirm("Send this vote?", err=True):
        raise console.Refused("not sent")
    opened = open_card(card, pkcs11, token, pin_file)
    login = open_card(card, pkcs11, token, pin_file, to_log_in=True)
    identifier = _identifier(client, opened.certificate)
    client.log_in(login, language)
    done = casting.cast(client, opened, identifier, vote, out, language)
    console.now_it_is_told()
    console.say(f"Your vote is stored as entry {done.receipt.sequence}; the receipt was checked.")
    console.say(f"Receipt: {out / 'receipt.txt'}. Check your vote on a second device within")
    minutes = client.manifest.limits.verification_minutes
    console.say(f"{minutes} minutes with the secret code in {out / 'qr.txt'}, then delete it.")
    console.say("You may vote again until voting closes; the last vote counts.")


def _identifier(client: Client, certificate: object) -> str:
    """The roll identifier of a card, as this election's eID profile reads it."""
    from cryptography import x509

    from voting.console import Refused

    if not isinstance(certificate, x509.Certificate):
        raise Refused("the card has no certificate")
    return client.profile().identifier(certificate, check_id="cast.card", where="card")


def verify_ballot(
    collector: Collector,
    trust: Trust,
    qr: Annotated[Path, typer.Option("--qr", help="File with the code (qr.txt).")],
    language: Language = "en",
) -> None:
    """The second device: show what the collector has stored for a code.

    Example: voting verify-ballot --collector http://localhost:8080 --trust trust --qr qr.txt
    """
    from voting import console
    from voting.ballot.ballot import QrCode
    from voting.files import read_bounded
    from voting.voter.second_device import look

    language = _language(language)
    data = read_bounded(qr, 1 << 16)
    if data.startswith(b"c2sp.org/tlog-proof"):
        raise console.UsageFault(f"{qr} is a receipt; --qr takes the code, which is in qr.txt")
    code = QrCode.parse(data.decode("ascii", "replace").strip())
    client = _connect(collector, trust)
    found = look(client, code)
    console.say(f"Stored as entry {found.receipt.sequence}, signed by: {found.signer}")
    for line in _words(client.manifest, found.choices, language):
        console.say(f"  {line}")
    if found.latest is None:
        console.say("Voting is closed: nobody is told any more whether a later ballot replaced it.")
        return
    if not found.latest:
        raise console.Refused(
            "ATTENTION: this is NOT your latest ballot. A later one was stored and counts instead."
            " If you did not cast it, tell the election office now."
        )
    console.say("This is your latest ballot. Is the name yours, and is every choice yours?")
    console.say("If not, vote again from another device and tell the election office.")


def my_record(
    collector: Collector,
    trust: Trust,
    out: Annotated[Path, typer.Option("--out", help="File for the access log (access.json).")],
    card: CardFile = None,
    pkcs11: Module = None,
    token: Token = None,
    pin_file: Pin = None,
    language: Language = "en",
) -> None:
    """Show which ballots are stored in your name, and fetch the log of who acted in it.

    Example: voting my-record --collector http://localhost:8080 --trust trust --card card.p12
    --out access.json
    """
    from voting import console
    from voting.files import write_new

    client = _connect(collector, trust)
    client.log_in(open_card(card, pkcs11, token, pin_file, to_log_in=True), _language(language))
    receipts = client.own_ballots()
    data, accesses = client.own_access_log()
    write_new(out, data, mode=0o600)
    for receipt in receipts:
        console.say(f"Ballot: entry {receipt.sequence}, stored at {receipt.entry.time}")
    console.say(f"{len(receipts)} ballots are stored in your name; each receipt was checked.")
    console.say(f"{out} lists {accesses} log-ins, ballots, verifications and looks in your name.")
    console.say("See whether the public log vouches for it, and whether they were all you:")
    console.say(f"  verifier access {out} --record RECORD --trust {trust}")


def not_me(
    collector: Collector,
    trust: Trust,
    remark: Annotated[str, typer.Option("--remark", help="What it is about, in your words.")],
    card: CardFile = None,
    pkcs11: Module = None,
    token: Token = None,
    pin_file: Pin = None,
    language: Language = "en",
) -> None:
    """Tell the election office that somebody else acted in your name.

    Example: voting not-me --collector http://localhost:8080 --trust trust --card card.p12
    --remark "I did not vote on Sunday"
    """
    from voting import console

    language = _language(language)
    if not 0 < len(remark) <= REMARK:
        raise console.UsageFault(f"--remark has 1 to {REMARK} characters")
    client = _connect(collector, trust)
    client.log_in(open_card(card, pkcs11, token, pin_file, to_log_in=True), language)
    number = client.object(remark, language)
    console.say(f"The office has it as case {number}. Call the office, too.")
    console.say("Until voting closes you can vote again; your last vote counts.")


def simulate(
    collector: Collector,
    trust: Trust,
    cards: Annotated[Path, typer.Option("--cards", help="Folder with <identifier>.p12.")],
    plan: Annotated[Path, typer.Option("--plan", help="JSON: who votes for what, in order.")],
    out: Annotated[Path, typer.Option("--out", help="New folder for receipts and codes.")],
    pin_file: Pin = None,
) -> None:
    """Many voters, one after the other as planned; each receipt is checked.

    The plan is {"votes": [{"identifier": "…", "choices": {"mayor": 3}}, …]}; 0 is blank, [1, 4]
    approves of two options, and a member "style" names the ballot style where several have these
    contests. Votes of one person keep their order. Example: voting simulate
    --collector http://localhost:8080 --trust trust --cards cards --plan plan.json --out receipts
    """
    from voting import console
    from voting.voter.simulation import read_plan, run

    votes = read_plan(plan)
    pin = console.passphrase(pin_file, "PIN of all cards")
    with console.progress("votes", len(votes)) as advance:
        run(lambda: _connect(collector, trust), votes, cards, pin, out, advance)
    console.say(f"{len(votes)} votes cast, {len(votes)} receipts checked")
