"""Claims about proofs of many ballots: the same are refused as one by one, for the same reasons."""

from __future__ import annotations

import dataclasses

import pytest

from crypto.errors import VerificationError
from crypto.proofs.range import BatchError
from crypto.proofs.range_statement import EncryptedContest
from tests.voting.acceptance.conftest import Booth
from tests.voting.polls import ALSO_KITA, KITA, MINAMI
from voting.acceptance import AcceptedBallot, check_proofs_at_once
from voting.acceptance.checks import check_proofs

IDENTITY = "the identity in a ciphertext"
EQUATION = "the proof does not show that the choice is allowed"


def false(encrypted: EncryptedContest) -> EncryptedContest:
    """With an equation that does not hold."""
    proof = dataclasses.replace(encrypted.proof, z0=encrypted.proof.z1)
    return dataclasses.replace(encrypted, proof=proof)


def open_to_all(encrypted: EncryptedContest) -> EncryptedContest:
    """With bits that hide nothing."""
    d1 = encrypted.proof.d1
    one = d1.group.elements([d1.group.identity] * len(d1))
    return dataclasses.replace(encrypted, proof=dataclasses.replace(encrypted.proof, d1=one))


def alone(accepted: AcceptedBallot, booth: Booth) -> str:
    """Why it is refused by itself."""
    with pytest.raises(VerificationError) as refusal:
        check_proofs(accepted, booth.polls.manifest)
    assert refusal.value.check_id == "accept.proofs"
    return refusal.value.why


def test_of_many_ballots_exactly_the_false_ones_are_named(booth: Booth) -> None:
    manifest = booth.polls.manifest
    ballots = [booth.accept(booth.signed(voter)) for voter in (KITA, MINAMI, ALSO_KITA, KITA)]
    check_proofs_at_once(ballots, manifest)
    check_proofs_at_once([], manifest)
    (first, second), (another, last) = ballots[1].contests, ballots[3].contests
    ballots[1] = dataclasses.replace(ballots[1], contests=(false(first), open_to_all(second)))
    ballots[3] = dataclasses.replace(ballots[3], contests=(another, open_to_all(last)))
    with pytest.raises(BatchError) as failure:
        check_proofs_at_once(ballots, manifest)
    found = {place: error.why for place, error in failure.value.offenders.items()}
    assert found == {1: EQUATION, 3: IDENTITY}
    assert found == {place: alone(ballots[place], booth) for place in (1, 3)}
    assert {e.check_id for e in (failure.value, *failure.value.offenders.values())} == {
        "accept.proofs"
    }


def test_a_proof_of_another_voter_is_refused_in_a_batch(booth: Booth) -> None:
    kita, other = (booth.accept(booth.signed(voter)) for voter in (KITA, ALSO_KITA))
    copied = dataclasses.replace(other, contests=kita.contests)
    with pytest.raises(BatchError) as failure:
        check_proofs_at_once([kita, copied], booth.polls.manifest)
    assert list(failure.value.offenders) == [1]
