"""The program `verifier` as an auditor calls it: exit codes, sentences, nothing signed wrongly."""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from crypto import groups, sealed
from crypto.groups import ARITHMETICS
from crypto.signing import PublicKey, SigningKey
from tests.conftest import FinishedElection
from tests.verifier_app.conftest import Call, changed_trust
from tests.verifier_app.forge import Forgery
from verifier_app import runner
from verifier_app.registry import load_checks
from voting.election.documents import canonical, digest

BIN = Path(sys.executable).parent / "verifier"
E2E = pytest.mark.e2e


# -- calls ----------------------------------------------------------------------------------------


def test_list_of_checks_is_the_documented_object(call: Call) -> None:
    said = call("checks", "--json")
    assert said.code == 0
    assert said.json["schema"] == "sukashi/checks/1"
    assert [row["id"] for row in said.json["checks"]] == [check.id for check in load_checks()]
    assert {tuple(sorted(row)) for row in said.json["checks"]} == {("doc", "id", "scope")}
    assert {row["scope"] for row in said.json["checks"]} == {"record", "box"}


WRONG = {
    "no_record": ("check", "nowhere"),
    "no_box": ("check", ".", "--box", "nowhere"),
    "no_trust": ("check", ".", "--trust", "nowhere"),
    "trust_that_is_none": ("check", ".", "--trust", __file__),
    "short_digest": ("check", ".", "--election", "abc"),
    "upper_case_digest": ("check", ".", "--election", "A" * 64),
    "trust_and_digest": ("check", ".", "--trust", ".", "--election", "0" * 64),
    "no_such_stage": ("check", ".", "--stage", "middle"),
    "signing_a_published_record": ("check", ".", "--sign-with", "home", "--out", "x"),
    "selection_without_box": ("check", ".", "--stage", "selection"),
    "signing_to_nowhere": ("check", ".", "--stage", "selection", "--box", __file__,
                           "--sign-with", "home"),
    "receipt_without_trust": ("receipt", __file__, "--record", "."),
    "no_receipt": ("receipt", "nowhere", "--record", ".", "--election", "0" * 64),
    "no_such_command": ("approve",),
    "no_such_option": ("check", ".", "--force"),
}  # fmt: skip


INSTEAD = {
    "there is no record nowhere": ("check", "nowhere"),
    f"{__file__} is a file, not a record": ("check", __file__),
    "there is no ballot box nowhere": ("check", ".", "--box", "nowhere"),
    ". is a directory, not a ballot box": ("check", ".", "--box", "."),
    ". is a directory, not a file": ("receipt", ".", "--record", ".", "--election", "0" * 64),
}


@pytest.mark.parametrize("sentence", INSTEAD)
def test_what_stands_there_instead_is_said(call: Call, sentence: str) -> None:
    said = call(*INSTEAD[sentence])
    assert (said.code, said.out, said.err) == (2, "", f"{sentence}\n")


@pytest.mark.parametrize("arguments", WRONG.values(), ids=WRONG)
def test_wrong_call_is_one_sentence_and_no_verdict(call: Call, arguments: tuple[str, ...]) -> None:
    said = call(*arguments)
    assert (said.code, said.out) == (2, "")
    assert said.err.strip()


def test_defect_of_the_program_is_no_verdict(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("secret words of a hostile file")

    monkeypatch.setattr(runner, "run", broken)
    said = call("check", tmp_path)
    assert (said.code, said.out) == (3, "")
    assert "no verdict" in said.err
    assert "hostile" not in said.err


def test_interruption_is_no_verdict(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "run", interrupted)
    said = call("check", tmp_path)
    assert (said.code, said.out) == (3, "")
    assert "no verdict" in said.err


def test_folder_that_holds_nothing_is_refused(call: Call, tmp_path: Path) -> None:
    said = call("check", tmp_path, "--json")
    assert said.code == 1
    assert said.json["verdict"] == "refused"


# -- verdicts -------------------------------------------------------------------------------------


@E2E
def test_election_digest_from_outside_is_trust_enough(
    call: Call, election: FinishedElection
) -> None:
    E = digest((election.record / "manifest.json").read_bytes())
    said = call("check", election.record, "--election", E, "--json")
    assert (said.code, said.json["verdict"], said.json["not_run"]) == (0, "verified", [])


@E2E
def test_another_election_digest_is_refused(call: Call, election: FinishedElection) -> None:
    said = call("check", election.record, "--election", "0" * 64, "--json")
    assert (said.code, said.json["failed"]) == (1, ["manifest.trust"])


@E2E
def test_without_trust_the_verdict_is_incomplete(call: Call, election: FinishedElection) -> None:
    said = call("check", election.record, "--box", election.box, "--json")
    assert (said.code, said.json["verdict"]) == (1, "incomplete")
    assert (said.json["failed"], said.json["not_run"]) == ([], ["manifest.trust"])


@E2E
def test_trust_in_another_election_refuses_this_one(
    call: Call, election: FinishedElection, tmp_path: Path
) -> None:
    trust = changed_trust(election, tmp_path, name="other-2027")
    said = call("check", election.record, "--trust", trust, "--json")
    assert (said.code, said.json["failed"]) == (1, ["manifest.trust"])


@E2E
def test_trust_that_wants_more_officials_refuses(
    call: Call, election: FinishedElection, tmp_path: Path
) -> None:
    officials = json.loads((election.trust / "trust.json").read_bytes())["officials"]
    trust = changed_trust(election, tmp_path, officials={**officials, "required": 3})
    said = call("check", election.record, "--trust", trust, "--json")
    assert (said.code, said.json["failed"]) == (1, ["manifest.trust"])


@E2E
def test_trust_in_nobody_refuses(call: Call, election: FinishedElection, tmp_path: Path) -> None:
    trust = changed_trust(election, tmp_path, officials={"required": 1, "certificates": []})
    said = call("check", election.record, "--trust", trust, "--json")
    assert (said.code, said.json["failed"]) == (1, ["manifest.trust"])


@E2E
def test_trust_in_other_witnesses_than_the_manifests_refuses(
    call: Call, election: FinishedElection, tmp_path: Path
) -> None:
    trust = changed_trust(election, tmp_path, witnesses={"required": 1, "vkeys": []})
    said = call("check", election.record, "--trust", trust, "--json")
    # it is the trusted witnesses who must have cosigned, whomever the manifest names
    assert (said.code, said.json["failed"]) == (1, ["manifest.trust", "log.witnesses"])


@E2E
def test_report_is_the_documented_object(call: Call, election: FinishedElection) -> None:
    report = call("check", election.record, "--trust", election.trust, "--json").json
    assert set(report) == {
        "schema", "verdict", "scope", "election", "group", "arithmetic", "checks", "failed",
        "not_run", "not_covered", "resumed", "cpu_s", "wall_s",
    }  # fmt: skip
    assert report["group"] == "ristretto255"
    assert any("the ballots themselves" in said for said in report["not_covered"])
    rows = {tuple(sorted(row)) for row in report["checks"]}
    assert rows == {("id", "items", "status", "where", "why")}
    assert (report["scope"], report["schema"]) == ("record", "sukashi/report/1")


@E2E
@pytest.mark.parametrize("name", ARITHMETICS)
def test_both_arithmetics_give_one_verdict(
    call: Call, election: FinishedElection, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "_chosen", [])
    said = call("check", election.record, "--trust", election.trust, "--arithmetic", name, "--json")
    if name == "kernel" and find_spec("sukashi_kernel") is None:
        assert said.code == 2
        assert "the kernel was not built" in said.err
    else:
        assert (said.code, said.json["verdict"]) == (0, "verified")
        assert said.json["arithmetic"] == {"kernel": "kernel", "reference": "libsodium"}[name]


def test_unknown_arithmetic_is_a_wrong_call(call: Call, tmp_path: Path) -> None:
    said = call("check", tmp_path, "--arithmetic", "abacus")
    assert said.code == 2
    assert "kernel, reference" in said.err


@E2E
def test_refusal_names_place_and_reason_on_the_terminal(
    call: Call, published: Forgery, tmp_path: Path, election: FinishedElection
) -> None:
    forgery = published.copy()
    forgery.files["notes.txt"] = b""
    forgery.write(tmp_path)
    said = call("check", tmp_path / "record", "--trust", election.trust)
    assert said.code == 1
    assert said.out.splitlines()[0].startswith("REFUSED")
    assert "notes.txt: it is not in record.json" in said.out


# -- the auditor's signature ----------------------------------------------------------------------


@pytest.fixture(scope="session")
def room(election: FinishedElection, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Record and box as they were before the mix."""
    forgery = Forgery.load(election.root, _keys(election))
    forgery.entries = forgery.entries[: forgery.at("mixed")]
    forgery.write_log()
    for prefix in ("counts/", "results", "record.", "audits/"):
        forgery.drop(prefix)
    root = tmp_path_factory.mktemp("room")
    forgery.write(root)
    with sqlite3.connect(root / "box.sqlite") as db:
        db.execute("DELETE FROM files")
    db.close()
    shutil.copytree(election.trust, root / "trust")
    return root


def _keys(election: FinishedElection) -> Any:
    from tests.verifier_app.sealing import Keys

    return Keys(election.root)


def audit_arguments(room: Path, home: Path, out: Path) -> list[object]:
    return [
        "check", room / "record", "--box", room / "box.sqlite", "--trust", room / "trust",
        "--stage", "selection", "--sign-with", home, "--out", out,
    ]  # fmt: skip


def secret_of(election: FinishedElection) -> list[object]:
    return ["--passphrase-file", election.root / "secrets/passphrase.txt"]


@E2E
def test_auditor_signs_a_selection_that_holds(
    call: Call, election: FinishedElection, room: Path, tmp_path: Path
) -> None:
    out = tmp_path / "audits" / "auditor-1.json"
    arguments = audit_arguments(room, election.root / "homes/auditor-1", out)
    assert call(*arguments, *secret_of(election)).code == 0
    audit = json.loads(out.read_bytes())
    signature = bytes.fromhex(audit.pop("signature"))
    manifest = json.loads((room / "record/manifest.json").read_bytes())
    key = PublicKey(manifest["parties"]["auditors"]["members"][0]["public_key"])
    E = bytes.fromhex(audit["election"])
    key.verify(signature, "sukashi/audit/1", E, canonical(audit), check_id="x")
    assert audit["selection"] == digest((room / "record/selection.json").read_bytes())
    assert audit["checks"] == [check.id for check in load_checks() if check.early]


@E2E
def test_an_audit_after_the_decryption_is_not_signed(
    call: Call, election: FinishedElection, tmp_path: Path
) -> None:
    """It would count for nothing, and could take the place of one that does."""
    out = tmp_path / "auditor-1.json"
    arguments = audit_arguments(election.root, election.root / "homes/auditor-1", out)
    said = call(*arguments, *secret_of(election))
    assert (said.code, said.out) == (2, "")
    assert "has decryptions already" in said.err
    assert not out.exists()


def test_program_without_a_command_shows_its_help(call: Call) -> None:
    said = call()
    assert said.code == 2
    assert said.err.startswith("Usage: verifier [OPTIONS] COMMAND [ARGS]...\n")
    assert "\\n" not in said.err


@E2E
@pytest.mark.parametrize("home", ["mixer-1", "official-1", "nobody"])
def test_who_is_no_auditor_signs_nothing(
    call: Call, election: FinishedElection, room: Path, tmp_path: Path, home: str
) -> None:
    arguments = audit_arguments(room, election.root / "homes" / home, tmp_path / "audit.json")
    said = call(*arguments, *secret_of(election))
    assert said.code == 2
    assert len(said.err.strip().splitlines()) == 1
    assert not (tmp_path / "audit.json").exists()


@E2E
def test_wrong_passphrase_signs_nothing(
    call: Call, election: FinishedElection, room: Path, tmp_path: Path
) -> None:
    (tmp_path / "passphrase").write_text("wrong\n")
    home = election.root / "homes/auditor-1"
    arguments = audit_arguments(room, home, tmp_path / "audit.json")
    said = call(*arguments, "--passphrase-file", tmp_path / "passphrase")
    assert said.code == 2
    assert "passphrase is wrong" in said.err
    assert not (tmp_path / "audit.json").exists()


@E2E
def test_passphrase_is_not_asked_for_without_a_terminal(
    call: Call, election: FinishedElection, room: Path, tmp_path: Path
) -> None:
    home = election.root / "homes/auditor-1"
    said = call(*audit_arguments(room, home, tmp_path / "audit.json"))
    assert said.code == 2
    assert not (tmp_path / "audit.json").exists()


@E2E
def test_auditor_of_another_election_signs_nothing(
    call: Call, election: FinishedElection, room: Path, tmp_path: Path
) -> None:
    """The same id, another key."""
    home, key = tmp_path / "auditor-1", SigningKey.generate()
    home.mkdir()
    party = json.loads((election.root / "homes/auditor-1/party.json").read_bytes())
    (home / "party.json").write_bytes(canonical({**party, "public_key": key.public_key.hex}))
    box = sealed.seal(key.secret_seed(), "word", "key", strength="test")
    (home / "key.sealed").write_bytes(box)
    (tmp_path / "passphrase").write_text("word\n")
    arguments = audit_arguments(room, home, tmp_path / "audit.json")
    said = call(*arguments, "--passphrase-file", tmp_path / "passphrase")
    assert said.code == 2
    assert "not one of the auditors" in said.err
    assert not (tmp_path / "audit.json").exists()


@E2E
def test_auditor_signs_one_selection_of_an_election_for_ever(
    call: Call, election: FinishedElection, room: Path, tmp_path: Path
) -> None:
    """Two selections, both counted, would show by their difference how single people voted."""
    home = shutil.copytree(election.root / "homes/auditor-1", tmp_path / "home")
    (promise,) = (home / "promises").iterdir()
    said = json.loads(promise.read_bytes())
    assert said["selection"] == digest((room / "record/selection.json").read_bytes())
    promise.write_bytes(canonical({**said, "selection": "0" * 64}))
    out = tmp_path / "audit.json"
    refused = call(*audit_arguments(room, home, out), *secret_of(election))
    assert refused.code == 1
    assert "two histories" in refused.err
    assert not out.exists()


@E2E
@pytest.mark.parametrize("trusted", [True, False])
def test_selection_that_is_refused_or_incomplete_is_never_signed(
    call: Call, election: FinishedElection, room: Path, tmp_path: Path, trusted: bool
) -> None:
    """Refused for a ballot that is missing in the box; incomplete without trust from outside."""
    shutil.copytree(room, tmp_path / "room")
    if trusted:
        with sqlite3.connect(tmp_path / "room/box.sqlite") as db:
            db.execute("DELETE FROM ballots WHERE sequence = (SELECT max(sequence) FROM ballots)")
        db.close()
    home = election.root / "homes/auditor-1"
    arguments = audit_arguments(tmp_path / "room", home, tmp_path / "audit.json")
    if not trusted:
        place = arguments.index("--trust")
        del arguments[place : place + 2]
    assert call(*arguments, *secret_of(election)).code == 1
    assert not (tmp_path / "audit.json").exists()


@E2E
def test_auditor_does_not_sign_counts_with_a_gap(
    call: Call, election: FinishedElection, room: Path, tmp_path: Path
) -> None:
    """What only the published record shows to everybody, the auditor sees before the mix."""
    forgery = Forgery.load(election.root, _keys(election))
    counts = forgery.json("selection.json")["counts"]
    counts[-1]["count"] += 1
    forgery.edit("selection.json", counts=counts)
    selection = forgery.files["selection.json"]
    forgery.files["selection.asice"] = forgery.signed("selection.json", selection)
    forgery.entries = forgery.entries[: forgery.at("mixed")]
    forgery.entries[-1]["selection"] = digest(selection)
    forgery.write_log()
    forgery.write(tmp_path)
    shutil.copytree(election.trust, tmp_path / "trust")
    out = tmp_path / "audit.json"
    arguments = audit_arguments(tmp_path, election.root / "homes/auditor-1", out)
    said = call(*arguments, *secret_of(election), "--json")
    assert (said.code, said.json["failed"]) == (1, ["selection.units"])
    assert not out.exists()
