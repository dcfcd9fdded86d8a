"""The program `voting`: officials before the election, the collector, and the voter's terminal."""

from __future__ import annotations

import typer

from execution import program
from voting.collector.cli import collector_app
from voting.eid.cli import pki_app
from voting.election.cli import election_app, party_app, sign
from voting.roll.cli import roll_app
from voting.voter.cli import cast, my_record, not_me, simulate, verify_ballot

app = typer.Typer(
    name="voting",
    help="Prepare an election, collect votes, and vote from a terminal.",
    epilog="Start with: voting election check election_configs/kawabe-2027.yaml",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
program.answers(app)
app.add_typer(election_app, name="election")
app.add_typer(party_app, name="party")
app.add_typer(roll_app, name="roll")
app.add_typer(pki_app, name="pki")
app.add_typer(collector_app, name="collector")
app.command("sign")(sign)
app.command("cast")(cast)
app.command("verify-ballot")(verify_ballot)
app.command("my-record")(my_record)
app.command("not-me")(not_me)
app.command("simulate")(simulate)


def main() -> None:
    from voting import console

    console.main(app)
