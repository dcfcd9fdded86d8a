"""One trustee's next step of the key ceremony (docs/specification.md, section 3.1).

A step is: look at what the others have sent, check all of it, make the own message of the next
round, keep it durably in the home, and only then publish it. So a killed step, run again, publishes
the very same bytes; two messages for one round cannot come from one home.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from crypto.errors import EncodingError, SukashiError, VerificationError
from crypto.groups import Group, group_by_name
from crypto.threshold import check_parameters
from tally.ceremony import complaint, rounds
from tally.ceremony.checks import Fault, verify_rehearsals
from tally.ceremony.share import KeyShare, RunSecrets
from tally.steps import Step
from tally.workspace import explain, locked
from voting.console import Refused, UsageFault
from voting.election import configuration, rules
from voting.election.ceremony import Run, Trustee, election_key
from voting.election.party import PartyFile, PartyHome, open_home
from voting.files import FileFaultError, read_bounded, read_tree, write_directory, write_new

_LIMIT = 1 << 20


def step(
    home_path: Path, exchange: Path, config: Path, parties: Path, number: int, passphrase: str
) -> Step:
    """Do whatever is next for this trustee in run `number`, as far as the others' messages allow.

    Raises Refused where the run is void or a message is false, UsageFault for a wrong folder.
    """
    home = open_home(home_path, passphrase)
    run, group = read_run(config, parties, number)
    if home.role != "trustee" or home.election != run.election:
        raise UsageFault(
            f"{home_path} is the home of the {home.role} {home.id} for {home.election}; the key"
            f" ceremony of {run.election} needs the home of one of its trustees"
        )
    mine = Trustee(home.id, home.signing_key.public_key.hex)
    if mine not in run.trustees:
        raise Refused(
            f"The party file of {home.id} in {parties} is not that of your home, so the others"
            " would not believe your messages. Put your own party.json there."
        )
    exchange.mkdir(parents=True, exist_ok=True)
    with locked(home_path):
        return _Ceremony(home, exchange, run, group).advance()


def read_run(config: Path, parties: Path, number: int) -> tuple[Run, Group]:
    """Run `number` of the configured election, with the keys of the trustees' party files.

    Raises Refused for a configuration that breaks a rule, and where a party file is missing or of
    another election; VerificationError for numbers of trustees that the protocol does not allow.
    """
    file = configuration.load(config)
    rules.check(file)
    configured = file.configuration
    trustees = []
    for member in configured.parties.trustees.members:
        path = parties / f"{member.id}.json"
        if not path.is_file():
            raise Refused(f"{path} is missing. Every machine needs all trustees' party files.")
        party = PartyFile.parse(read_bounded(path, _LIMIT), str(path))
        if (party.id, party.role, party.election) != (member.id, "trustee", configured.name):
            raise Refused(f"{path} is not the party file of the trustee {member.id}.")
        trustees.append(Trustee(party.id, party.public_key))
    threshold = configured.parties.trustees.threshold
    keys = [trustee.public_key for trustee in trustees]
    check_parameters(keys, threshold, test=configured.test, where=str(config))
    run = Run(configured.name, number, tuple(trustees), threshold)
    return run, group_by_name(configured.group)


class _Ceremony:
    """One trustee's view of one run."""

    def __init__(self, home: PartyHome, exchange: Path, run: Run, group: Group) -> None:
        self.home = home
        self.exchange = exchange
        self.run = run
        self.group = group
        self.sender = rounds.Sender(run, group, home.id, home.signing_key)
        self.kept = home.path / "ceremony" / f"run-{run.number}"
        self.files: dict[str, bytes] = {}
        self.did: list[str] = []

    def advance(self) -> Step:
        """All rounds that the others' messages allow."""
        share = KeyShare.load(self.home, self.group)
        if share is not None:
            return self._finished(share)
        for round_ in (1, 2, 3, 4):
            self._read_exchange()
            self._refuse_void_run()
            if not (self.kept / f"round-{round_}").is_dir():
                self._keep(round_, self._make(round_))
            self._publish(f"round-{round_}")
            self._read_exchange()
            missing = self._missing(round_)
            if missing:
                return self._waiting(round_, missing)
            self._verify_unchanged(round_)
        return self._finish()

    # -- saying how it stands ---------------------------------------------------------------------

    def _waiting(self, round_: int, missing: list[str]) -> Step:
        done = f"Your messages up to round {round_} of 4 are in {self.exchange}."
        return Step(
            (*self.did, done),
            f"waiting for {', '.join(missing)}; carry all messages between the trustees' machines"
            " and run this command again",
            {"run": self.run.number, "round": round_, "waiting_for": missing},
        )

    def _finished(self, share: KeyShare) -> Step:
        if share.run != self.run.number:
            raise Refused(
                f"Your home holds its share of the key of run {share.run}, which is complete. Run"
                f" {self.run.number} was not begun: one home serves one key."
            )
        RunSecrets.forget(self.home, share.run)
        self._publish("round-4")
        y = share.key.y.hex()
        return Step(
            (*self.did, f"The election key {y[:16]}… exists; your share is sealed in your home."),
            "when the manifest is made: tally ceremony sign",
            {
                "run": share.run,
                "round": 4,
                "waiting_for": [],
                "key": y,
                "transcript": share.transcript.hex(),
            },
        )

    # -- the exchange folder and what is kept -----------------------------------------------------

    def _read_exchange(self) -> None:
        # One by one: another trustee's program may be writing its drafts beside them.
        paths = sorted(self.exchange.glob("*.json"))
        self.files = {path.name: read_bounded(path, _LIMIT) for path in paths}

    def _missing(self, round_: int) -> list[str]:
        """Whose messages of a round are not there yet."""
        absent = [name for name in self.run.names([round_]) if name not in self.files]
        senders = {name.removesuffix(".json").split("-to-")[0][2:] for name in absent}
        return [trustee.id for trustee in self.run.trustees if trustee.id in senders]

    def _keep(self, round_: int, made: Mapping[str, bytes]) -> None:
        """Keep the own messages of a round durably, with those they were made from."""
        seen = self.run.names([round_ - 1]) if round_ > 1 else []
        pinned = {f"seen/{name}": self.files[name] for name in seen}
        write_directory(self.kept / f"round-{round_}", {**made, **pinned})
        self.did.append(f"Made your messages of round {round_} of 4.")

    def _publish(self, kept: str) -> None:
        """Put kept messages into the exchange folder, exactly as they were made."""
        for name, data in read_tree(self.kept / kept, _LIMIT).items():
            if name.startswith("seen/"):
                continue
            for draft in self.exchange.glob(f".{name}.*"):
                draft.unlink()  # of an own step that was killed: it would be published as well
            try:
                write_new(self.exchange / name, data)
            except FileFaultError:
                raise Refused(
                    f"{self.exchange / name} is not the message that you made. Somebody changed"
                    " the exchange folder, or it belongs to another run (each run needs a new,"
                    " empty one). Nothing was changed."
                ) from None

    def _verify_unchanged(self, round_: int) -> None:
        """What an own message was made from is still what the exchange shows."""
        seen = self.kept / f"round-{round_}" / "seen"
        for name, data in (read_tree(seen, _LIMIT) if seen.is_dir() else {}).items():
            if self.files.get(name) != data:
                raise Refused(
                    f"{self.exchange / name} was changed after you had used it: its sender shows"
                    " two versions, or somebody tampered with the folder. Do not go on, and tell"
                    f" the other trustees. {self._again()}"
                )

    def _again(self) -> str:
        return (
            "This run cannot make a key: all trustees start again in a new, empty exchange folder"
            f" with --run {self.run.number + 1}."
        )

    # -- the rounds -------------------------------------------------------------------------------

    def _make(self, round_: int) -> dict[str, bytes]:
        """The own messages of a round.

        Raises Refused for messages of others that cannot be used.
        """
        try:
            own = self._secrets()
            if round_ == 1:
                return rounds.commit(self.sender, own)
            if round_ == 2:
                return rounds.open_(self.sender, own, self.files)
            share = self._share(own)
            if round_ == 3:
                return rounds.accept(self.sender, share)
            election_key(self.run, self.group, self.files)
            return rounds.rehearse(self.sender, share)
        except Fault as fault:
            raise self._complain(own, fault) from None
        except (EncodingError, VerificationError) as fault:
            raise self._unusable(fault) from fault

    def _secrets(self) -> RunSecrets:
        n, t = len(self.run.trustees), self.run.threshold
        own = RunSecrets.load(self.home, self.run.number, self.group, n, t)
        if own is None:
            own = RunSecrets.generate(self.group, n, t)
            own.store(self.home, self.run.number)
        return own

    def _share(self, own: RunSecrets) -> KeyShare:
        others = [trustee.id for trustee in self.run.trustees if trustee.id != self.home.id]
        return rounds.key_share(self.sender, own, self.files, others)

    def _finish(self) -> Step:
        """All rehearsals hold: seal the share, forget everything else."""
        try:
            share = self._share(self._secrets())
            key = election_key(self.run, self.group, self.files)
            verify_rehearsals(self.run, self.group, self.files, key, share.transcript)
        except (Fault, EncodingError, VerificationError) as fault:
            raise self._unusable(fault) from fault
        share.store(self.home)
        self.did.append(
            f"All {len(self.run.trustees)} trustees accepted the same key, and every quorum of"
            f" {self.run.threshold} decrypted the rehearsal."
        )
        return self._finished(share)

    def _unusable(self, fault: Exception) -> Refused:
        why = explain(fault) if isinstance(fault, SukashiError) else str(fault)
        where = f"{fault.where}: " if isinstance(fault, VerificationError) else ""
        return Refused(
            f"A message in {self.exchange} cannot be used ({where}{why}). Nothing of yours was"
            " revealed. Carry the file again from its sender's machine; if it stays so, tell the"
            f" other trustees. {self._again()}"
        )

    # -- complaints -------------------------------------------------------------------------------

    def _complain(self, own: RunSecrets, fault: Fault) -> Refused:
        """Publish a complaint; the run is void from then on."""
        name = complaint.name(self.home.id)
        if not (self.kept / "complaint").is_dir():
            data = complaint.write(self.run, self.home.id, fault, own.box, self.sender.signing_key)
            write_directory(self.kept / "complaint", {name: data})
        self._publish("complaint")
        return Refused(
            f"{fault.against} broke the protocol ({fault.reason}: {fault.why}). Your complaint"
            f" {name} with your key of this run is in {self.exchange}, so that everybody can judge"
            f" it; carry it to all trustees. {self._again()}"
        )

    def _refuse_void_run(self) -> None:
        """Judge the complaints; raises Refused if there is one."""
        if (self.kept / "complaint").is_dir():
            self._publish("complaint")
            self._read_exchange()
        for name in sorted(name for name in self.files if name.startswith(complaint.PREFIX)):
            sender = name.removeprefix(complaint.PREFIX).removesuffix(".json")
            try:
                guilty = complaint.judge(self.run, self.group, self.files, sender)
            except KeyError as fault:
                raise Refused(f"{name} cannot be judged: {fault} is missing here.") from None
            except (EncodingError, VerificationError) as fault:
                raise self._unusable(fault) from fault
            raise Refused(
                f"Run {self.run.number} of the key ceremony is void: {sender} complained, and the"
                f" messages show that {guilty} broke the protocol. No key was made and nothing was"
                f" revealed. Settle with them what happened. {self._again()}"
            )
