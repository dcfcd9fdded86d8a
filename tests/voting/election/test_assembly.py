"""Claims about the manifest: it is put together from whole and fitting parts, or not at all."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from crypto import threshold
from crypto.errors import SukashiError
from crypto.groups import group_by_name
from tests.voting.conftest import Run as Command
from tests.voting.election.office import Office, accept, hold_ceremony, write_messages
from voting.console import Refused
from voting.election.assembly import assemble, ceremony_run, eid_profile_files, find_run
from voting.election.ceremony import file_name
from voting.election.documents import canonical, digest, sign_message
from voting.election.manifest import Manifest
from voting.files import read_tree
from voting.roll.roll import Roll, published_digest


def put_together(office: Office) -> bytes:
    messages = read_tree(office.ceremony, 1 << 20)
    return assemble(office.file(), office.parties, messages, office.roll.read_bytes())


def rewrite(path: Path, **members: object) -> None:
    path.write_bytes(canonical({**json.loads(path.read_bytes()), **members}))


def resign(office: Office, party: str, **members: object) -> None:
    """A party file with other members, signed by its own key all the same."""
    path = office.parties / f"{party}.json"
    plain = json.loads(path.read_bytes())
    del plain["signature"]
    path.write_bytes(sign_message({**plain, **members}, office.keys[party]))


# -- what it says -------------------------------------------------------------------------------


def test_manifest_says_what_its_parts_say(shared_office: Office) -> None:
    data = put_together(shared_office)
    manifest, c = Manifest.parse(data), shared_office.file().configuration
    assert manifest.digest.hex() == digest(data)
    assert (manifest.name, manifest.contests, manifest.limits) == (c.name, c.contests, c.limits)
    assert manifest.digests.configuration == digest(shared_office.config.read_bytes())
    assert manifest.digests.eid_profile == {
        path.name: digest(path.read_bytes())
        for path in (shared_office.root / "eid_profile").iterdir()
    }
    roll = Roll.parse(shared_office.roll.read_bytes(), "roll")
    assert manifest.digests.roll == published_digest(roll.encode(), roll.salt)
    keys = {p.id: p.public_key for p in manifest.parties.trustees.members}
    assert keys == {name: shared_office.keys[name].public_key.hex for name in keys}


def test_manifest_holds_the_key_of_the_ceremony(shared_office: Office) -> None:
    manifest = Manifest.parse(put_together(shared_office))
    run = ceremony_run(shared_office.file(), shared_office.parties)
    files = read_tree(shared_office.ceremony, 1 << 20)
    group = group_by_name("ristretto255")
    opened = [json.loads(files[file_name(2, t.id)])["commitments"] for t in run.trustees]
    products = threshold.combine_commitments(
        [
            group.decode_elements(tuple(map(bytes.fromhex, row)), 2, allow_identity=False)
            for row in opened
        ]
    )
    assert manifest.key.y == manifest.key.commitments[0] == products.y.hex()
    assert list(manifest.key.shares) == [e.hex() for e in products.share_keys()]
    assert manifest.key.ceremony == run.transcript(files).hex()


def test_same_parts_give_the_same_manifest(shared_office: Office) -> None:
    assert put_together(shared_office) == put_together(shared_office)


def test_times_are_written_in_utc(office: Office) -> None:
    text = re.sub(
        r"(?m)^  opens: .*$", "  opens: 2020-04-02T08:30:00+09:00", office.config.read_text()
    )
    office.config.write_text(text)
    assert Manifest.parse(put_together(office)).period.opens == "2020-04-01T23:30:00Z"


def test_log_of_the_election_is_named_after_its_digest(shared_office: Office) -> None:
    manifest = Manifest.parse(put_together(shared_office))
    assert manifest.origin == f"log.kawabe-2027.example/{manifest.digest.hex()}"


# -- parts that do not fit ----------------------------------------------------------------------


def no_messages(office: Office) -> None:
    shutil.rmtree(office.ceremony)
    office.ceremony.mkdir()


def message_missing(office: Office) -> None:
    (office.ceremony / "2-trustee-1-to-trustee-3.json").unlink()


def no_rehearsal(office: Office) -> None:
    (office.ceremony / "4-trustee-3.json").unlink()


def stray_file(office: Office) -> None:
    (office.ceremony / "share.sealed").write_bytes(b"secret")


def trustee_complained(office: Office) -> None:
    (office.ceremony / "complaint-trustee-2.json").write_bytes(b"{}")


def message_changed(office: Office) -> None:
    rewrite(office.ceremony / "2-trustee-1.json", nonce="22" * 32)


def other_transcript_accepted(office: Office) -> None:
    """A share is exchanged after the others accepted."""
    name = "2-trustee-1-to-trustee-2.json"
    plain = json.loads((office.ceremony / name).read_bytes())
    del plain["signature"]
    signed = sign_message({**plain, "share": "AAA="}, office.keys["trustee-1"])
    (office.ceremony / name).write_bytes(signed)


def other_key_accepted(office: Office) -> None:
    run, files = ceremony_run(office.file(), office.parties), read_tree(office.ceremony, 1 << 20)
    accept(files, run, office.keys, group_by_name("ristretto255").g.hex())
    write_messages(office.ceremony, files)


def ceremony_of_another_election(office: Office) -> None:
    text = office.config.read_text().replace("name: kawabe-2027", "name: other-2027", 1)
    office.config.write_text(text)
    for path in office.parties.iterdir():
        if path.stem.startswith("official"):
            rewrite(path, election="other-2027")
        else:
            resign(office, path.stem, election="other-2027")


def messages_of_two_runs(office: Office) -> None:
    second = ceremony_run(office.file(), office.parties, 2)
    files = hold_ceremony(second, office.keys)
    name = "2-trustee-3.json"
    (office.ceremony / name).write_bytes(files[name])


def party_missing(office: Office) -> None:
    (office.parties / "mixer-2.json").unlink()


def party_of_another_election(office: Office) -> None:
    resign(office, "mixer-1", election="other-2027")


def party_in_another_role(office: Office) -> None:
    resign(office, "mixer-1", role="auditor")


def party_under_another_name(office: Office) -> None:
    shutil.copy(office.parties / "mixer-1.json", office.parties / "mixer-2.json")


def party_file_of_a_stolen_key(office: Office) -> None:
    """The key of the collector, without its signature."""
    rewrite(office.parties / "mixer-1.json", public_key=office.keys["collector"].public_key.hex)


def two_parties_with_one_key(office: Office) -> None:
    path, key = office.parties / "mixer-1.json", office.keys["mixer-2"]
    plain = json.loads(path.read_bytes())
    del plain["signature"]
    path.write_bytes(sign_message({**plain, "public_key": key.public_key.hex}, key))


def two_officials_with_one_card(office: Office) -> None:
    one = json.loads((office.parties / "official-1.json").read_bytes())
    rewrite(office.parties / "official-2.json", certificate=one["certificate"])


def official_of_another_election(office: Office) -> None:
    rewrite(office.parties / "official-1.json", election="other-2027")


def roll_of_another_election(office: Office) -> None:
    rewrite(office.roll, election="other-2027")


def second_version_of_the_roll(office: Office) -> None:
    rewrite(office.roll, version=2, follows={"election": "0" * 64, "roll": "0" * 64})


def profile_missing(office: Office) -> None:
    shutil.rmtree(office.root / "eid_profile")


def profile_with_a_stray_file(office: Office) -> None:
    (office.root / "eid_profile" / "issuing.key").write_bytes(b"secret")


def broken_rule(office: Office) -> None:
    text = office.config.read_text().replace("threshold: 2", "threshold: 4", 1)
    office.config.write_text(text)


FAULTS: dict[Callable[[Office], None], str] = {
    no_messages: "ceremony folder is empty",
    message_missing: "2-trustee-1-to-trustee-3.json is missing",
    no_rehearsal: "4-trustee-3.json is missing",
    stray_file: "share.sealed, which is no message",
    trustee_complained: "its run is void",
    message_changed: "2-trustee-1.json: the signature is not by",
    other_transcript_accepted: "accepted other messages or another key",
    other_key_accepted: "accepted other messages or another key",
    ceremony_of_another_election: "other trustees or another election",
    messages_of_two_runs: "run is not that of this run",
    party_missing: "mixer-2.json is missing",
    party_of_another_election: "not the file of mixer mixer-1",
    party_in_another_role: "not the file of mixer mixer-1",
    party_under_another_name: "not the file of mixer mixer-2",
    party_file_of_a_stolen_key: "party.signature",
    two_parties_with_one_key: "two parties have the same key",
    two_officials_with_one_card: "official-1 and official-2 have the same certificate",
    official_of_another_election: "not the file of official official-1",
    roll_of_another_election: "not version 1 of this election",
    second_version_of_the_roll: "not version 1 of this election",
    profile_missing: "eid_profile is missing",
    profile_with_a_stray_file: "not exactly those it names",
    broken_rule: "4 of 3 trustees cannot decrypt",
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_parts_that_do_not_fit_make_no_manifest(
    office: Office, fault: Callable[[Office], None]
) -> None:
    fault(office)
    with pytest.raises(SukashiError) as refusal:
        put_together(office)
    assert FAULTS[fault] in str(refusal.value)


def test_eid_for_tests_is_refused_in_a_real_election(office: Office) -> None:
    text = office.config.read_text().replace("test: true", "test: false", 1)
    office.config.write_text(text)
    with pytest.raises(Refused, match="only an election with test: true may use it"):
        eid_profile_files(office.file())


def test_later_run_of_the_ceremony_is_found(office: Office) -> None:
    second = ceremony_run(office.file(), office.parties, 2)
    messages = hold_ceremony(second, office.keys)
    assert find_run(office.file(), office.parties, messages) == second
    made = assemble(office.file(), office.parties, messages, office.roll.read_bytes())
    assert Manifest.parse(made).key.ceremony == second.transcript(messages).hex()
    with pytest.raises(Refused, match="of other trustees or another election"):
        find_run(office.file(), office.parties, {"1-trustee-1.json": b"{}"})


# -- the command --------------------------------------------------------------------------------


def test_command_writes_the_election_with_everything_its_digests_name(
    voting: Command, office: Office
) -> None:
    out = office.root / "election"
    said = voting(
        "election", "manifest", office.config, "--parties", office.parties,
        "--ceremony", office.ceremony, "--roll", office.roll, "--out", out,
    )  # fmt: skip
    assert (said.code, said.err) == (0, "")
    manifest = Manifest.parse((out / "manifest.json").read_bytes())
    assert manifest.digest.hex() in said.out
    files = read_tree(out, 1 << 20)
    assert digest(files["election.yaml"]) == manifest.digests.configuration
    assert {n for n in files if n.startswith("ceremony/")} == {
        f"ceremony/{path.name}" for path in office.ceremony.iterdir()
    }
    assert not [name for name in files if "roll" in name]  # it names voters


@pytest.mark.parametrize("fault", [stray_file, party_missing, roll_of_another_election])
def test_command_that_refuses_writes_nothing(
    voting: Command, office: Office, fault: Callable[[Office], None]
) -> None:
    fault(office)
    before = read_tree(office.root, 1 << 20)
    said = voting(
        "election", "manifest", office.config, "--parties", office.parties,
        "--ceremony", office.ceremony, "--roll", office.roll, "--out", office.root / "election",
    )  # fmt: skip
    assert (said.code, said.out, said.err.count("\n")) == (1, "", 1)
    assert read_tree(office.root, 1 << 20) == before
