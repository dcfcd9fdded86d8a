"""Claims about remembered chains, for both programs: they say what they would say anew, with fewer
signatures verified."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, Protocol

import pytest
from cryptography import x509

from tests.voting.eid.hierarchy import NOW, Issuer, day


class Verifier(Protocol):
    def verify(self, certificate: x509.Certificate, at: dt.datetime) -> None: ...


class ClaimsOfChains:
    """`make`: the class under test; `single`: the module and the name of its function that verifies
    one chain; `most`: the name of the bound in that module."""

    make: Callable[[Sequence[x509.Certificate], Sequence[x509.Certificate]], Verifier]
    module: ModuleType
    single: str
    most: str

    def chains(self, root: Issuer, *authorities: Issuer) -> Verifier:
        return type(self).make([root.certificate], [a.certificate for a in authorities])

    def watched(self, monkeypatch: pytest.MonkeyPatch) -> list[x509.Certificate]:
        """What every further verification trusts."""
        trusted: list[x509.Certificate] = []
        original = getattr(self.module, self.single)

        def watch(*arguments: Any) -> Any:
            (anchor,) = arguments[2]
            trusted.append(anchor)
            return original(*arguments)

        monkeypatch.setattr(self.module, self.single, watch)
        return trusted

    def refuses(self, chains: Verifier, certificate: x509.Certificate, at: dt.datetime) -> bool:
        try:
            chains.verify(certificate, at)
        except (x509.verification.VerificationError, ValueError):
            return True
        return False

    def test_no_signature_of_an_authority_is_verified_twice(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        trusted = self.watched(monkeypatch)
        root = Issuer.root()
        authority = root.authority()
        chains, persons = self.chains(root, authority), [authority.person() for _ in range(3)]
        for person in (*persons, *persons):
            chains.verify(person, NOW)
        assert trusted == [root.certificate, authority.certificate, authority.certificate]

    def test_each_of_several_authorities_is_verified_once(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        root = Issuer.root()
        both = [root.authority(name=name) for name in ("one", "another")]
        chains = self.chains(root, *both)
        for authority in both:
            chains.verify(authority.person(), NOW)
        trusted = self.watched(monkeypatch)
        for authority in both:
            chains.verify(authority.person(), NOW)
        assert root.certificate not in trusted
        assert trusted[-1] == both[1].certificate

    @pytest.mark.parametrize("lifetimes", [(10, 20, 30), (20, 10, 30), (20, 30, 10)])
    def test_what_is_known_is_refused_once_any_part_has_expired(
        self, lifetimes: tuple[int, int, int]
    ) -> None:
        """Of person, authority and root each may be the first to expire, or the last to begin."""
        person_days, authority_days, root_days = lifetimes
        root = Issuer.root(days=root_days)
        authority = root.authority(days=authority_days)
        chains = self.chains(root, authority)
        known, other = (authority.person(days=person_days) for _ in range(2))
        chains.verify(known, NOW)
        chains.verify(other, NOW)
        for at in (-11, 11):
            for person in (known, other, authority.person(days=person_days)):
                assert self.refuses(chains, person, day(at))
        for at in (-10, 10):
            for person in (known, other, authority.person(days=person_days)):
                chains.verify(person, day(at))
        chains.verify(known, NOW)

    def test_a_stranger_with_the_name_of_a_known_authority_is_refused(self) -> None:
        root, other = Issuer.root(), Issuer.root()
        authority = root.authority()
        chains = self.chains(root, authority)
        chains.verify(authority.person(), NOW)
        for stranger in (other.authority(), Issuer.root().authority()):
            person = stranger.person()
            assert self.refuses(chains, person, NOW)
            assert self.refuses(chains, person, NOW)  # nor is it remembered

    def test_a_known_authority_makes_nobody_else_one(self) -> None:
        root = Issuer.root()
        authority = root.authority()
        chains = self.chains(root, authority)
        chains.verify(authority.person(), NOW)
        assert self.refuses(chains, authority.certificate, NOW)
        assert self.refuses(chains, authority.person(ca=True), NOW)
        assert self.refuses(chains, authority.person(signs=False), NOW)
        assert self.refuses(chains, authority.authority(name="below").person(), NOW)

    def test_limits_on_names_are_looked_at_for_everybody(self) -> None:
        """Of the root and of the authority."""
        names = [x509.DNSName("here.example")]
        inside, outside = (
            x509.SubjectAlternativeName([x509.DNSName(name)])
            for name in ("a.here.example", "elsewhere.example")
        )
        limits = x509.NameConstraints(names, None)
        for root, authority in (
            (limited := Issuer.root(limits), limited.authority()),
            (free := Issuer.root(), free.authority(limits)),
        ):
            chains = self.chains(root, authority)
            chains.verify(authority.person(inside), NOW)
            chains.verify(authority.person(inside), NOW)
            assert self.refuses(chains, authority.person(outside), NOW)

    def test_who_is_right_below_a_root_is_remembered_too(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        root = Issuer.root()
        chains, person = self.chains(root), root.person()
        trusted = self.watched(monkeypatch)
        chains.verify(person, NOW)
        chains.verify(person, NOW)
        assert trusted == [root.certificate]
        assert self.refuses(chains, person, day(11))

    def test_so_many_are_remembered_and_no_more(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(self.module, self.most, 2)
        root = Issuer.root()
        authority = root.authority()
        chains, persons = self.chains(root, authority), [authority.person() for _ in range(3)]
        for person in persons:
            chains.verify(person, NOW)
        trusted = self.watched(monkeypatch)
        for person in persons[1:]:
            chains.verify(person, NOW)
        assert trusted == []
        chains.verify(persons[0], NOW)
        assert trusted == [authority.certificate]
