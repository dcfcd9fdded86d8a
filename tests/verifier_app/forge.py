"""A forger with everybody's keys: changes a finished election and seals again what lies above.

The state is what the published files hold, layer by layer. A forgery changes one layer, makes again
what depends on it (`count`, `results`, or with `hold` everything), and `settle` then renews every
signature and digest of log, seal, selection, audits, directories and record, so that nothing but
the check in question can notice. Nothing of the verifier is used here.
"""

from __future__ import annotations

import copy
import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence

from cryptography.x509.oid import NameOID

from crypto.errors import EncodingError
from crypto.proofs.decryption import Factors
from crypto.verificatum import DecryptionDirectory
from tally import nist, results
from tally.counting import make_tally
from tally.documents import Count, Selection, Tally
from tally.proofs import (
    OUTPUT,
    PROTINFO,
    decryption_auxsid,
    make_decryption,
    make_mix,
)
from tally.replay import Stored
from tally.selection import count_eligible, make_selection
from tests.choices import chosen
from tests.verifier_app.sealing import LIMIT, SALT, Json, Sealed, now
from voting.acceptance import AcceptedBallot
from voting.acceptance.checks import decode_contests, open_ballot
from voting.ballot.ballot import Anchor, build
from voting.eid.cards import SoftwareCard
from voting.eid.container import parse
from voting.eid.signing import add_signature
from voting.election.documents import canonical, digest, document_bytes, salted_digest
from voting.election.signatures import SCHEMA
from voting.roll.roll import Roll

UNQUALIFIED = b'{"ocsp":null,"schema":"sukashi/qualification/1","timestamp":null}'
DECRYPTING = (1, 3)


class Forgery(Sealed):
    """What can be changed below the seals: ballots, lists, mixes, votes, or all of it."""

    # -- ballots ----------------------------------------------------------------------------------

    def ballot(
        self, person: str = "", *, seed: bytes = b"seed" * 8, size: int = 0, **choices: int
    ) -> bytes:
        """ballot.json of a person of the roll, who sees the log of that size, or just before the
        close. Choices: the mayor's option, and the assembly's."""
        manifest, size = self.manifest, size or self.end
        place = self.roll[person or self.person]["district"]
        style = manifest.style_of_district(place)
        wanted = {contest: choices.get(contest.split("-")[0], 1) for contest in style.contests}
        anchor = Anchor(**self.state(size))
        return build(
            manifest,
            style,
            person or self.person,
            chosen(wanted),
            seed,
            roll_version=len(self.rolls),
            anchor=anchor,
        )

    def cast(self, ballot: bytes, card: SoftwareCard | None = None) -> bytes:
        """The container in which a voter signs."""
        card = card or self.keys.voter(self.person)
        return add_signature(None, "ballot.json", ballot, card, now()).encode()

    def qualified(self, container: bytes, time: str) -> bytes:
        """What the eID's services said of a ballot at that time; of what is no ballot, nothing."""
        try:
            (signature, *_) = parse(container, "ballot.json", LIMIT).signatures
        except EncodingError:
            return UNQUALIFIED
        return self.keys.services.qualification(signature, dt.datetime.fromisoformat(time))

    def put_ballot(self, place: int, container: bytes, qualification: bytes = b"") -> None:
        """Box and log have this ballot at that entry; its qualification is of the entry's time."""
        qualification = qualification or self.qualified(container, self.entries[place]["time"])
        self.ballots[place] = (container, qualification)
        self.entries[place] |= {
            "container": digest(container),
            "qualification": digest(qualification),
        }

    def store(
        self, container: bytes, qualification: bytes = b"", *, supersedes: bool = True
    ) -> int:
        """A colluding collector logs a ballot just before the close, as one more that is replaced
        by nothing and counts for nothing (its person voted on paper)."""
        place = self.end
        self.insert(place, "ballot")
        self.put_ballot(place, container, qualification)
        selection = self.json("selection.json")
        column = "superseded" if supersedes else "overridden"
        changed = {"ballots": selection["ballots"] + 1, column: selection[column] + 1}
        self.edit("selection.json", **changed)
        return place

    def announce_roll(self, persons: Mapping[str, Json], follows: Json | None = None) -> None:
        """One more version of the roll, just before the close; `follows`: changed members of it."""
        version = len(self.rolls) + 1
        name = f"roll-{version:04d}.json"
        before = [entry["digest"] for entry in self.entries if entry["kind"] == "roll"][-1]
        roll = {
            "schema": "sukashi/roll/1",
            "election": self.manifest.name,
            "version": version,
            "follows": {"election": self.E.hex(), "roll": before, **(follows or {})},
            "salt": SALT,
            "persons": [persons[identifier] for identifier in sorted(persons)],
        }
        data = canonical(roll)
        self.insert(self.end, "roll", version=version, digest=salted_digest(data, SALT))
        self.rolls[version] = self.signed(name, data)
        self.recount_voters()

    def recount_voters(self) -> None:
        """How many may vote, by all rolls, wherever it is said."""
        voters = count_eligible(self.manifest, self.all_rolls())
        counts = self.json("selection.json")["counts"]
        for row in counts:
            row["eligible"] = sum(voters[district] for district in row["districts"])
        self.edit("selection.json", counts=counts)
        if all(f"{row.path}/tally.json" in self.files for row in self.counts):
            self.results()

    def all_rolls(self) -> list[Roll]:
        """Every version of the roll; the first was valid when voting opened."""
        named = [(f"roll-{version:04d}.json", raw) for version, raw in sorted(self.rolls.items())]
        return [Roll.parse(parse(raw, name, LIMIT).data, name) for name, raw in named]

    def announce_paper(self, identifiers: Sequence[str], *, announced: bool = True) -> None:
        """Another list of those who voted on paper, at the place of the first; where it is not
        `announced`, the log keeps the digest of the old one."""
        (place,) = self.papers
        paper = {
            "schema": "sukashi/paper/1",
            "election": self.E.hex(),
            "salt": SALT,
            "identifiers": sorted(identifiers),
        }
        data = canonical(paper)
        self.papers[place] = self.signed("paper.json", data)
        if announced:
            self.entries[place]["digest"] = salted_digest(data, SALT)

    def stored(self) -> list[Stored]:
        """The ballots as the selection sees them; all must be well-formed."""
        manifest, found = self.manifest, []
        for number, (raw, _) in sorted(self.ballots.items()):
            container, ballot = open_ballot(raw, manifest)
            signature = container.signatures[0]
            (name,) = signature.certificate.subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER)
            identifier = str(name.value).removeprefix("TEST-")
            style = manifest.style_of_district(self.roll[identifier]["district"])
            contests = decode_contests(ballot, manifest)
            accepted = AcceptedBallot(identifier, "", signature, ballot, style, contests)
            found.append(Stored(number, accepted))
        return found

    # -- counting ---------------------------------------------------------------------------------

    def select(self, paper: Sequence[str], minimum: int = 0) -> None:
        """The honest selection of the ballots, and its lists; or by another privacy minimum."""
        manifest = self.manifest
        if minimum:
            manifest = manifest.model_copy(update={"privacy_minimum": minimum})
        eligible = count_eligible(manifest, self.all_rolls())
        selected = make_selection(manifest, "0" * 64, self.stored(), set(paper), eligible)
        self.files["selection.json"] = document_bytes(selected.document)
        for path, data in selected.lists.items():
            self.put_list(path, data)

    def put_list(self, path: str, data: bytes) -> None:
        """ciphertexts.bt of a count."""
        hidden = self.manifest.publication == "restricted"
        (self.restricted if hidden else self.files)[f"{path}/ciphertexts.bt"] = data

    def list_of(self, row: Count) -> bytes:
        path = f"{row.path}/ciphertexts.bt"
        return {**self.files, **self.restricted}[path]

    def count(self, row: Count, data: bytes) -> None:
        """Mix a list honestly, decrypt and tally it."""
        for number, mixer in enumerate(self.manifest.parties.mixers, 1):
            files = make_mix(self.manifest, row, number, data, self.keys.party[mixer.id])
            self.put(self.mix_base(row, number), files)
            data = files[OUTPUT]
        self.decrypt(row, data)

    def decrypt(self, row: Count, data: bytes) -> None:
        """Two trustees decrypt a list, and it is tallied."""
        for number in DECRYPTING:
            secret, key = self.keys.shares[number].secret_x, self.keys.party[f"trustee-{number}"]
            files = make_decryption(self.manifest, row, number, data, secret, key)
            self.put(self.trustee_base(row, number), files)
        self.tally(row, data)

    def tally(self, row: Count, data: bytes) -> None:
        """The votes that the trustees' factors give, whether the factors are right or not."""
        group, factors = self.manifest.crypto_group, dict[int, Factors]()
        for number in DECRYPTING:
            files = self.directory(self.trustee_base(row, number))
            del files[PROTINFO]
            auxsid = decryption_auxsid(row.count, number)
            read = DecryptionDirectory.read(group, files, auxsid=auxsid, width=1)
            factors[number] = read.factors
        tally = make_tally(self.manifest, row, data, factors)
        self.files[f"{row.path}/tally.json"] = document_bytes(tally)

    def results(self) -> None:
        """All three files of the result, by the rules, from the tallies as they stand."""
        manifest = self.manifest
        selection = Selection.model_validate_json(self.files["selection.json"])
        tallies = {
            row.count: Tally.model_validate_json(self.files[f"{row.path}/tally.json"])
            for row in self.counts
        }
        outcome = results.build(manifest, selection.counts, tallies)
        at = max(entry["time"] for entry in self.entries if entry["kind"] != "result")
        self.files["results.json"] = document_bytes(outcome)
        self.files["results.csv"] = results.as_csv(outcome, manifest.languages)
        self.files["results.nist.json"] = canonical(nist.report(manifest, outcome, at))

    # -- everything -------------------------------------------------------------------------------

    def hold(
        self,
        change: Callable[[Json], object] = lambda _manifest: None,
        *,
        minimum: int = 0,
        configure: Callable[[bytes], bytes] = lambda data: data,
        prepare: Callable[[Forgery], object] = lambda _forgery: None,
        reselect: Callable[[Forgery], object] = lambda _forgery: None,
    ) -> None:
        """The whole election again under a changed manifest: the forgers are all parties at once.

        Ten persons of the roll vote, the first of them twice and the second on paper as well.
        `minimum`: the privacy minimum that the selection obeys instead of the manifest's;
        `configure`: what becomes of the configuration; `prepare`: what is done before voting;
        `reselect`: what is done to the selection before it is mixed.
        """
        manifest = self.json("manifest.json")
        change(manifest)
        configuration = configure(_configuration(manifest))
        manifest["digests"]["configuration"] = digest(configuration)
        self.found(canonical(manifest), configuration)
        prepare(self)
        voters = sorted(self.roll)[:10]
        for turn, person in enumerate([*voters, voters[0]]):
            ballot = self.ballot(person, seed=bytes([turn]) * 32, mayor=1 + turn % 2)
            container = self.cast(ballot, self.keys.voter(person))
            place = self.end
            self.insert(place, "ballot")
            self.put_ballot(place, container)
        self.announce_paper([voters[1]])
        self.select([voters[1]], minimum)
        reselect(self)
        for row in self.counts:
            self.count(row, self.list_of(row))
            for kind in ("mixed", "decrypted"):
                self.insert(self.at("result"), kind, count=row.count)
        self.results()
        self.settle()

    def found(self, manifest: bytes, configuration: bytes) -> None:
        """Sign a manifest; the log has everything but ballots and counts, the box nothing."""
        trustees = [f"trustee-{number}" for number in sorted(self.keys.shares)]
        self.files["manifest.json"] = manifest
        self.files["election.yaml"] = configuration
        self.files["manifest.asice"] = self.signed("manifest.json", manifest)
        roll = parse(self.rolls[1], "roll-0001.json", LIMIT).data
        self.rolls = {1: self.signed("roll-0001.json", roll)}
        signatures = [
            {
                "trustee": trustee,
                "signature": self.keys.party[trustee].sign(SCHEMA, self.E, manifest).hex(),
            }
            for trustee in trustees
        ]
        self.edit("manifest.trustees.json", signatures=signatures)
        self.drop("counts/")
        self.ballots = {}
        place, gone = self.end, ("ballot", "mixed", "decrypted")
        opened = self.entries[self.at("opened")]["time"]
        kept = [e for e in self.entries[:place] if e["kind"] not in (*gone, "access")]
        kept += [{**self.entries[place], "until": opened}]
        kept += [e for e in self.entries[place + 1 :] if e["kind"] not in gone]
        self.entries = [{**entry, "time": opened} for entry in kept]
        self.entries[0]["manifest"] = self.about["election"] = self.E.hex()
        self.papers = {self.at("paper"): next(iter(self.papers.values()))}
        self.renew_orders()


def _configuration(manifest: Json) -> bytes:
    """The election.yaml of which this manifest could have been made; JSON is YAML."""
    added = {"key", "digests", "schema"}
    whole = copy.deepcopy({name: value for name, value in manifest.items() if name not in added})
    parties = whole["parties"]
    members = [*parties["mixers"], parties["collector"]]
    for role in ("officials", "trustees", "auditors", "witnesses"):
        members += parties[role]["members"]
    for member in members:
        member.pop("public_key", None)
        member.pop("certificate", None)
    whole |= {"schema": "sukashi/election/1", "group": manifest["group"]["name"]}
    return json.dumps(whole, ensure_ascii=False).encode()
