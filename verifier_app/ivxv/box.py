"""The mixed ballot box, and whether the proofs are about exactly its ciphertexts.

{"election": …, "districts": {district: {parish: {question: [base64 of a ciphertext, …]}}}}
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from crypto.errors import EncodingError, VerificationError
from verifier_app.ivxv.key import from_base64
from verifier_app.ivxv.work import Proven

BOX = "ivxv.box"
_WHAT = "the box"
_NAMED = 5  # places that a sentence lists


class Place(NamedTuple):
    """Where a ballot was cast."""

    district: str
    parish: str
    question: str


@dataclass(frozen=True)
class Box:
    """The ciphertexts of every place, as the SHA-256 of their DER, in the order of the file."""

    election: str
    places: dict[Place, list[bytes]]

    @classmethod
    def parse(cls, value: dict[str, Any]) -> Box:
        """Raises EncodingError."""
        election, districts = members(value, _WHAT, "election", "districts")
        if not isinstance(election, str):
            raise EncodingError(f"{_WHAT}: its election is no string")
        places = {}
        for district, parishes in mapping(districts, _WHAT):
            for parish, questions in mapping(parishes, _WHAT):
                for question, ciphertexts in mapping(questions, _WHAT):
                    place = Place(district, parish, question)
                    places[place] = _digests(ciphertexts, place)
        return cls(election, places)

    def __len__(self) -> int:
        return sum(len(found) for found in self.places.values())

    @property
    def questions(self) -> set[str]:
        return {place.question for place in self.places}

    def ballots(self) -> Iterator[tuple[Place, int, bytes]]:
        """Every ballot with its number in its place, from 1."""
        for place, found in self.places.items():
            for number, digest in enumerate(found, 1):
                yield place, number, digest


def compare(box: Box, proven: Proven, *, invalid_have_proofs: bool) -> int:
    """The number of ballots of the box without a proof, which is 0 where all ballots have one.

    1. The box is of the election of the proofs.
    2. Every proven ciphertext is in the box, as often as it is proven.
    3. Every ciphertext of the box is proven, as often as it is there; where the profile has no
       proofs of invalid ballots, the caller must still say what is not covered.

    Raises VerificationError (`ivxv.box`).
    """
    if box.election != proven.election:
        why = f"it is of the election {box.election!r}, the proofs are of {proven.election!r}"
        raise VerificationError(BOX, "", why)
    there = Counter(digest for found in box.places.values() for digest in found)
    known = proven.valid + proven.invalid
    if foreign := known - there:
        why = f"{foreign.total()} of the proven ciphertexts are not in it (this is the first)"
        raise VerificationError(BOX, proven.first_of(foreign), why)
    missing = there - known
    if missing and invalid_have_proofs:
        why = f"{missing.total()} of its {len(box)} ballots without a proof: {_where(box, missing)}"
        if not proven.examined_invalid:
            why += "; proofs of invalid ballots are given with --invalid-proofs"
        raise VerificationError(BOX, "", why)
    return missing.total()


def _where(box: Box, missing: Counter[bytes]) -> str:
    """The first few of them, in people's words. Of equal ciphertexts the last ones are missing."""
    left, named = Counter(missing), []
    for place, number, digest in reversed(list(box.ballots())):
        if left[digest]:
            left[digest] -= 1
            named.append(f"ballot {number} of {place.district}/{place.parish} ({place.question})")
    named.reverse()
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return ", ".join(named[:_NAMED]) + more


def _digests(ciphertexts: object, place: Place) -> list[bytes]:
    if not isinstance(ciphertexts, list) or not all(isinstance(c, str) for c in ciphertexts):
        raise EncodingError(f"{_WHAT}: {place.district}/{place.parish} is no list of strings")
    return [hashlib.sha256(from_base64(c, _WHAT)).digest() for c in ciphertexts]


def members(value: dict[str, Any], what: str, *names: str) -> list[Any]:
    """The values of exactly these members. Raises EncodingError."""
    if set(value) != set(names):
        raise EncodingError(f"{what}: it needs the members {', '.join(names)}, and no others")
    return [value[name] for name in names]


def mapping(value: object, what: str) -> Iterator[tuple[str, Any]]:
    """The members of an object. Raises EncodingError."""
    if not isinstance(value, dict):
        raise EncodingError(f"{what}: something else where an object was expected")
    yield from value.items()
