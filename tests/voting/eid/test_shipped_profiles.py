"""Claims about the eID profiles that ship, and about what a profile asks of every ballot."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from ruamel.yaml import YAML

from crypto.errors import EncodingError, VerificationError
from tests.voting.conftest import Issue
from tests.voting.eid.test_profile import NOW, PROFILE, Authority, pem
from tests.voting.election.office import Office
from verifier_app.readers.profile import Profile
from voting.console import Refused
from voting.eid import test_pki
from voting.eid.profile import EidProfile, ProfileFile
from voting.election.assembly import eid_profile_files
from voting.election.configuration import ConfigurationFile
from voting.files import read_tree

SHIPPED = Path(__file__).resolve().parents[3] / "election_configs" / "eid_profiles"
COMPLETE = ("ee-2018", "ee-2025")
TEMPLATES = ("jp-jpki", "generic")


def folder(name: str) -> dict[str, bytes]:
    return read_tree(SHIPPED / name, 1 << 20)


def test_every_shipped_profile_is_one_of_these() -> None:
    assert {path.name for path in SHIPPED.iterdir() if path.is_dir()} == {*COMPLETE, *TEMPLATES}


@pytest.mark.parametrize("name", COMPLETE)
def test_complete_profile_reads_alike_in_both_programs(name: str) -> None:
    ours, theirs = EidProfile.parse(folder(name)), Profile.read(folder(name))
    assert ours.refused_outside_tests() is None
    assert not theirs.for_tests_alone
    assert (ours.roots, ours.intermediates) == (theirs.roots, theirs.intermediates)
    assert (ours.responders, ours.authorities) == (theirs.responders, theirs.authorities)
    assert all(c.not_valid_after_utc > c.not_valid_before_utc for c in ours.authorities)


@pytest.mark.parametrize("name", COMPLETE)
def test_every_certificate_stands_in_the_readme_with_its_digest(name: str) -> None:
    readme = (SHIPPED / "README.md").read_text("utf-8")
    profile = EidProfile.parse(folder(name))
    for certificate in (*profile.roots, *profile.intermediates, *profile.authorities):
        assert hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest() in readme


def test_issuing_authority_of_2025_leads_to_its_root() -> None:
    profile = EidProfile.parse(folder("ee-2025"))
    assert profile.issuer_of(profile.intermediates[0]) == profile.roots[0]


@pytest.mark.parametrize("name", TEMPLATES)
def test_template_says_which_certificate_it_lacks(name: str) -> None:
    with pytest.raises(EncodingError, match=r"certificate \w+\.pem, which it names, is missing"):
        EidProfile.parse(folder(name))


def test_rsa_card_of_a_japanese_form_is_taken_under_the_format_profile() -> None:
    authority = Authority()
    files = folder("jp-jpki") | {
        "root.pem": pem(authority.certificate),
        "tsa.pem": pem(authority.certificate),
    }
    profile = EidProfile.parse(files)
    card = authority.issue(
        rsa.generate_private_key(65537, 2048), policies=("1.2.392.200149.8.5.1.1.20",)
    )
    profile.check_certificate(card, NOW, check_id="accept.certificate", where="")
    with pytest.raises(VerificationError, match="key type"):
        other = authority.issue(policies=("1.2.392.200149.8.5.1.1.20",))
        profile.check_certificate(other, NOW, check_id="accept.certificate", where="")


def certificates(folder: Path) -> dict[str, bytes]:
    """A CA's, and that of an authority of time."""
    test_pki.init(folder / "services")
    stamping = (folder / "services/services/tsa.pem").read_bytes()
    return {"root.pem": pem(Authority().certificate), "tsa.pem": stamping}


def with_profile(office: Office, files: dict[str, bytes]) -> ConfigurationFile:
    """The office's configuration, beside another profile."""
    chosen = office.root / "eid_profile"
    for path in chosen.iterdir():
        path.unlink()
    for name, data in files.items():
        (chosen / name).write_bytes(data)
    file = office.file()
    # certificates of now do not reach back to when the office's voting opened
    period = file.configuration.period.model_copy(update={"opens": f"{NOW:%Y-%m-%dT%H:%M:%SZ}"})
    configuration = file.configuration.model_copy(update={"period": period})
    return dataclasses.replace(file, configuration=configuration)


def test_certificate_that_stamps_no_time_is_refused_when_the_election_is_checked(
    office: Office, tmp_path: Path
) -> None:
    files = certificates(tmp_path)
    file = with_profile(office, folder("jp-jpki") | files | {"tsa.pem": files["root.pem"]})
    with pytest.raises(Refused, match="is no time-stamping authority"):
        eid_profile_files(file)


def test_authority_that_ends_before_voting_does_is_refused(office: Office, tmp_path: Path) -> None:
    file = with_profile(office, folder("jp-jpki") | certificates(tmp_path))
    period = file.configuration.period.model_copy(update={"closes": "2099-01-01T00:00:00Z"})
    later = file.configuration.model_copy(update={"period": period})
    with pytest.raises(Refused, match="for the whole time"):
        eid_profile_files(dataclasses.replace(file, configuration=later))


def test_delegated_revocation_is_refused_outside_tests(office: Office, tmp_path: Path) -> None:
    file = with_profile(office, folder("jp-jpki") | certificates(tmp_path))
    assert set(eid_profile_files(file)) == {"profile.yaml", "root.pem", "tsa.pem"}
    real = file.configuration.model_copy(update={"test": False})
    with pytest.raises(Refused, match="no adapter to one"):
        eid_profile_files(dataclasses.replace(file, configuration=real))


# -- what a profile asks --------------------------------------------------------------------------

MEMBERS = YAML(typ="safe", pure=True).load(PROFILE)


@pytest.mark.parametrize(
    "change",
    [
        {"revocation": {"method": "none", "responders": []}},
        {"timestamps": None},
        {"timestamps": {"authorities": []}},
        {"revocation": {"method": "delegated", "responders": ["root.pem"]}},
        {"revocation": {"method": "crl", "responders": []}},
        {"authentication": None},
    ],
    ids=lambda change: re.sub(r"\W+", "-", str(change)),
)
def test_profile_that_asks_too_little_is_refused_by_both_programs(
    change: dict[str, object],
) -> None:
    members = json.dumps({**MEMBERS, **change}).encode()
    files = {"profile.yaml": members, "root.pem": pem(Authority().certificate)}
    with pytest.raises(EncodingError):
        EidProfile.parse(files)
    with pytest.raises(EncodingError):
        Profile.read(files)


def test_a_test_may_go_without_services() -> None:
    bare = {"revocation": {"method": "none", "responders": []}, "timestamps": None}
    file = ProfileFile.model_validate({**MEMBERS, **bare, "test": True})
    assert file.timestamps is None


def test_certificate_that_signs_does_not_log_in(issue: Issue, eid_profile: EidProfile) -> None:
    with pytest.raises(VerificationError, match="may not log in"):
        eid_profile.check_authentication(
            issue(1).certificate, NOW, check_id="login.certificate", where=""
        )


def test_authority_that_issued_a_card_is_found(issue: Issue, eid_profile: EidProfile) -> None:
    assert eid_profile.issuer_of(issue(1).certificate) == eid_profile.intermediates[0]
    stranger = Authority().issue(ec.generate_private_key(ec.SECP384R1()))
    assert eid_profile.issuer_of(stranger) is None
