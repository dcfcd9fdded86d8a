"""The trustee signs the manifest: once for its key, for ever."""

from __future__ import annotations

from pathlib import Path

from crypto.errors import VerificationError
from tally.ceremony.share import KeyShare
from tally.refusals import promise_election
from tally.steps import Step
from tally.workspace import DOCUMENT_LIMIT, locked
from voting.console import Refused
from voting.election.ceremony import Run, Trustee, election_key
from voting.election.conformity import check_configuration, check_rules
from voting.election.documents import canonical
from voting.election.manifest import Manifest
from voting.election.party import PartyHome, open_home
from voting.election.signatures import TRUSTEES, collect_trustees, sign_manifest
from voting.election.summary import summary
from voting.files import read_bounded, read_tree, write_new


def sign(home_path: Path, election: Path, passphrase: str) -> Step:
    """Check that the manifest holds the key of this trustee's ceremony, promise E, and sign.

    1. The trustee's own party key and all others stand in the manifest as in the ceremony.
    2. y, P_0 … P_{t−1}, y_1 … y_n and the transcript hash are those of its own run.
    3. The ceremony's messages beside the manifest are those of the transcript.
    4. The manifest keeps the rules and says what the configuration says.
    5. E is stored durably; another E for this key is refused for ever.

    Raises Refused, VerificationError.
    """
    home = open_home(home_path, passphrase)
    data = read_bounded(election / "manifest.json", DOCUMENT_LIMIT)
    manifest = Manifest.parse(data)
    share = KeyShare.load(home, manifest.crypto_group)
    if share is None:
        raise Refused(
            f"{home_path} holds no share of a key: the ceremony is not finished in this home."
            " Nothing was signed. Finish it with: tally ceremony step"
        )
    _verify_party(manifest, home, share)
    _verify_key(manifest, share)
    _verify_messages(manifest, share, election)
    check_rules(manifest)
    configuration = check_configuration(manifest, election / "election.yaml")
    with locked(home_path):
        promise_election(home_path, manifest.key.y, manifest.digest.hex())
        signature = sign_manifest(data, home.signing_key)
        content = canonical({"trustee": home.id, "signature": signature})
        write_new(election / TRUSTEES / f"{home.id}.json", content)
    missing = collect_trustees(manifest, data, election)
    digest = manifest.digest.hex()
    did = (
        *summary(configuration),
        "The manifest says exactly this, and holds the key of your ceremony and your own key.",
        f"You signed the election {digest}. Compare these digits with the other trustees'.",
    )
    step = (
        f"waiting for the signatures of {', '.join(missing)}: bring their files into"
        f" {election / TRUSTEES}, then voting election complete {election}"
        if missing
        else f"all trustees have signed; check it: voting election complete {election}"
    )
    return Step(did, step, {"election": digest, "trustee": home.id, "waiting_for": missing})


def _verify_party(manifest: Manifest, home: PartyHome, share: KeyShare) -> None:
    members = manifest.parties.trustees.members
    mine = (home.id, home.signing_key.public_key.hex)
    place = share.number - 1
    own = [(member.id, member.public_key) for member in members][place : place + 1]
    if manifest.name != home.election or own != [mine]:
        why = f"trustee {share.number} of the manifest is not you with your key"
        raise VerificationError("manifest.trustee", "manifest.json", why)


def _verify_key(manifest: Manifest, share: KeyShare) -> None:
    key = share.key
    expected = {
        "threshold": (manifest.parties.trustees.threshold, key.t),
        "number of trustees": (len(manifest.parties.trustees.members), key.n),
        "y": (manifest.key.y, key.y.hex()),
        "commitments": (
            manifest.key.commitments,
            tuple(p.hex() for p in key.commitments),
        ),
        "shares": (
            manifest.key.shares,
            tuple(y.hex() for y in key.share_keys()),
        ),
        "ceremony": (manifest.key.ceremony, share.transcript.hex()),
    }
    for member, (found, right) in expected.items():
        if found != right:
            why = f"{member} is not that of the ceremony in which you took part"
            raise VerificationError("manifest.key", "manifest.json", why)


def _verify_messages(manifest: Manifest, share: KeyShare, election: Path) -> None:
    """The published messages are those that this trustee saw."""
    files = read_tree(election / "ceremony", DOCUMENT_LIMIT)
    trustees = tuple(Trustee(m.id, m.public_key) for m in manifest.parties.trustees.members)
    run = Run(manifest.name, share.run, trustees, manifest.parties.trustees.threshold)
    try:
        right = run.transcript(files) == share.transcript
        key = election_key(run, manifest.crypto_group, files)
    except KeyError as fault:
        raise VerificationError("ceremony.messages", "ceremony", f"{fault} is missing") from None
    if not right or key.y != share.key.y:
        why = "the published messages are not those of the ceremony in which you took part"
        raise VerificationError("ceremony.messages", "ceremony", why)
