"""What a program answers before any command: its version and which arithmetic computes."""

from __future__ import annotations

from typing import Annotated

import typer


def _say_version(context: typer.Context, said: bool) -> None:
    """End the program with its version, if that was asked for."""
    if not said or context.resilient_parsing:
        return
    from importlib.metadata import version

    from crypto.groups import active_arithmetic

    name = context.find_root().info_name
    typer.echo(f"{name}, sukashi {version('sukashi')}, arithmetic: {active_arithmetic()}")
    raise typer.Exit


def _choose_arithmetic(context: typer.Context, name: str | None) -> str | None:
    """Use it from now on. Raises typer.BadParameter for one that is not here."""
    if name is None or context.resilient_parsing:
        return name
    from crypto.groups import ARITHMETICS, use_arithmetic

    if name not in ARITHMETICS:
        raise typer.BadParameter(f"{name!r} is none of {', '.join(ARITHMETICS)}")
    try:
        use_arithmetic(name)
    except ImportError:
        raise typer.BadParameter(
            "the kernel was not built; `make setup` builds it where cargo is"
        ) from None
    return name


Version = Annotated[
    bool,
    typer.Option(
        "--version",
        is_eager=True,
        callback=_say_version,
        help="Say version and arithmetic, and end.",
        show_default=False,
    ),
]
Arithmetic = Annotated[
    str | None,
    typer.Option(
        "--arithmetic",
        is_eager=True,
        callback=_choose_arithmetic,
        help="`kernel` or `reference`; the kernel where it was built, if not given.",
    ),
]


def answers(app: typer.Typer) -> None:
    """Give a program whose commands have no options for it `--version` and `--arithmetic`."""

    @app.callback()
    def program(arithmetic: Arithmetic = None, version: Version = False) -> None:
        """The options have done it."""
