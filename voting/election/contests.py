"""Contests: what a voter may choose, and how a choice becomes numbers that are encrypted
(docs/specification.md sections 2.1 and 4). How votes are counted is in tally/.

A choice is the tuple of the chosen options' numbers in order; the empty one is a blank vote.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from voting.election.documents import Document
from voting.election.values import Identifier, Positive, Text

Choice = tuple[int, ...]
BLANK = 0


class Option(Document):
    """What can be chosen."""

    number: Positive
    name: Text
    reading: Text | None
    affiliation: Text | None


class _Contest(Document):
    id: Identifier
    title: Text
    counting: Literal["district", "contest"]
    districts: tuple[Identifier, ...]
    options: tuple[Option, ...]


class _OneChoice(_Contest):
    """One ciphertext holds the choice; the list of them is counted as it is."""

    blank: bool

    @property
    def range_size(self) -> int:
        """N: how many plaintexts a ciphertext may hold."""
        return len(self.options) + (1 if self.blank else 0)

    @property
    def selections(self) -> int:
        """s: how many ciphertexts a ballot has."""
        return 1

    @property
    def total(self) -> tuple[int, int] | None:
        """Between which numbers the plaintexts' sum lies, where that is proven."""
        return None

    @property
    def columns(self) -> tuple[int | None, ...]:
        """What is listed, mixed and counted by itself: the ciphertexts of an option, or None."""
        return (None,)

    def plaintexts(self, choice: Choice) -> list[int]:
        """The numbers that a ballot encrypts.

        Raises:
            ValueError: the contest has no such choice.
        """
        option = choice[0] if choice else BLANK
        if len(choice) > 1 or option not in self.meaning(None):
            raise ValueError(f"contest {self.id} has no choice {choice}")
        return [self.meaning(None).index(option)]

    def choice(self, plaintexts: Sequence[int]) -> Choice:
        """The choice that these numbers stand for."""
        option = self.meaning(None)[plaintexts[0]]
        return () if option == BLANK else (option,)

    def meaning(self, _column: int | None) -> list[int]:
        """The option that each plaintext 0, 1, … of a column stands for, 0 for blank."""
        return list(range(0 if self.blank else 1, len(self.options) + 1))


class SingleChoice(_OneChoice):
    """The options with most votes are elected, as far as the seats go."""

    kind: Literal["single_choice"]
    seats: Positive
    tie: Literal["lot"]


class Quorum(Document):
    """How many of those who may vote must take part, or approve, in percent."""

    of: Literal["participation", "approval"]
    percent: Annotated[int, Field(ge=1, le=100)]


class Referendum(_OneChoice):
    """Option 1 is yes, option 2 is no."""

    kind: Literal["referendum"]
    majority: Literal["simple", "two_thirds", "three_quarters"]
    quorum: Quorum | None


class Approval(_Contest):
    """As many options as the voter approves of, from `minimum` to `maximum`; most approvals win.

    Each option has a ciphertext of 0 or 1, and each option's ciphertexts are a list of their own,
    so that no pattern of approvals is ever seen.
    """

    kind: Literal["approval"]
    minimum: Annotated[int, Field(ge=0)]
    maximum: Positive
    seats: Positive
    tie: Literal["lot"]

    @property
    def blank(self) -> bool:
        """Whether a voter may approve of nobody."""
        return self.minimum == 0

    @property
    def range_size(self) -> int:
        """N: how many plaintexts a ciphertext may hold."""
        return 2

    @property
    def selections(self) -> int:
        """s: how many ciphertexts a ballot has."""
        return len(self.options)

    @property
    def total(self) -> tuple[int, int] | None:
        """Between which numbers the plaintexts' sum lies."""
        return self.minimum, self.maximum

    @property
    def columns(self) -> tuple[int | None, ...]:
        """What is listed, mixed and counted by itself: the ciphertexts of an option."""
        return tuple(option.number for option in self.options)

    def plaintexts(self, choice: Choice) -> list[int]:
        """The numbers that a ballot encrypts.

        Raises:
            ValueError: the contest has no such choice.
        """
        known = {option.number for option in self.options}
        ordered = sorted(set(choice))
        if list(choice) != ordered or not set(choice) <= known:
            raise ValueError(f"contest {self.id} has no choice {choice}")
        if not self.minimum <= len(choice) <= self.maximum:
            raise ValueError(f"contest {self.id} takes {self.minimum} to {self.maximum} options")
        return [int(option.number in choice) for option in self.options]

    def choice(self, plaintexts: Sequence[int]) -> Choice:
        """The choice that these numbers stand for."""
        chosen = zip(self.options, plaintexts, strict=True)
        return tuple(option.number for option, m in chosen if m)

    def meaning(self, column: int | None) -> list[int]:
        """The option that each plaintext 0, 1 of a column stands for; 0 is "not approved"."""
        if column is None:
            raise ValueError("an approval contest is counted option by option")
        return [BLANK, column]


Contest = Annotated[SingleChoice | Approval | Referendum, Field(discriminator="kind")]
