"""Proof directories of mixers and trustees: making and checking them (specification, section 10).

Pure over bytes: a directory is a map from relative path to bytes. Where directories lie and in
which order parties act is in mixing.py and decryption.py.
"""

from __future__ import annotations

from collections.abc import Mapping

from crypto import byte_tree
from crypto.elgamal import Ciphertexts, PublicKey
from crypto.errors import EncodingError, VerificationError
from crypto.groups import Element, Scalar
from crypto.proofs.decryption import Factors, prove_decryption, verify_decryption
from crypto.proofs.parameters import ProofParameters
from crypto.proofs.shuffle import prove_shuffle, shuffle, verify_shuffle
from crypto.signing import SigningKey
from crypto.verificatum import DecryptionDirectory, ShufflingDirectory, protinfo_xml
from tally.documents import Count, ProofDirectory
from voting.election.documents import digest, parse_model, sign_message, verify_message
from voting.election.manifest import Manifest, Party

SIGNATURE = "signature.json"
PROTINFO = "protInfo.xml"
OUTPUT = "ShuffledCiphertexts.bt"
WIDTH = 1  # single choice: one ciphertext for each ballot
_SCHEMA = "sukashi/proof-directory/1"

Files = Mapping[str, bytes]


def mix_auxsid(count: int, mixer: int) -> str:
    return f"c{count}m{mixer}"


def decryption_auxsid(count: int, trustee: int) -> str:
    return f"c{count}d{trustee}"


def parameters(manifest: Manifest, auxsid: str) -> ProofParameters:
    """What ρ binds a proof of this election to."""
    return ProofParameters(f"e{manifest.digest.hex()}", auxsid, manifest.group.pgroup)


def encode_list(ciphertexts: Ciphertexts) -> bytes:
    """ciphertexts.bt."""
    return byte_tree.encode(ciphertexts.tree())


def decode_list(data: bytes, manifest: Manifest, ballots: int) -> Ciphertexts:
    """Exactly this many ciphertexts. Raises EncodingError."""
    tree = byte_tree.decode(data)
    return Ciphertexts.decode(manifest.crypto_group, tree, ballots, WIDTH)


# -- signatures -----------------------------------------------------------------------------------


def sign_directory(
    files: Files, manifest: Manifest, auxsid: str, party: Party, key: SigningKey
) -> dict[str, bytes]:
    """The complete directory: with protInfo.xml, and the party's signature over every file."""
    info = protinfo_xml(
        parameters(manifest, auxsid), name=manifest.name, party=party.id, width=WIDTH
    )
    whole = {**files, PROTINFO: info}
    members = {
        "schema": _SCHEMA,
        "election": manifest.digest.hex(),
        "auxsid": auxsid,
        "party": party.id,
        "files": {path: digest(data) for path, data in whole.items()},
    }
    return {**whole, SIGNATURE: sign_message(members, key, manifest.digest)}


def verify_directory(
    files: Files, manifest: Manifest, auxsid: str, party: Party, *, kind: str
) -> dict[str, bytes]:
    """The files that Verificatum's format knows, after checking signature and parameters.

    Raises VerificationError (`<kind>.signatures`, `<kind>.parameters`), kind `mix` or `decryption`.
    """
    verify_signature(files.get(SIGNATURE, b""), manifest, auxsid, party, kind=kind)
    signed = parse_model(ProofDirectory, files[SIGNATURE], SIGNATURE)
    present = {path: digest(data) for path, data in files.items() if path != SIGNATURE}
    if present != signed.files:
        why = "files were added, removed or changed after it was signed"
        raise VerificationError(f"{kind}.signatures", auxsid, why)
    info = protinfo_xml(
        parameters(manifest, auxsid), name=manifest.name, party=party.id, width=WIDTH
    )
    if files.get(PROTINFO) != info:
        why = "protInfo.xml is not that of this election, count and party"
        raise VerificationError(f"{kind}.parameters", auxsid, why)
    return {path: data for path, data in files.items() if path not in (SIGNATURE, PROTINFO)}


def verify_signature(
    data: bytes, manifest: Manifest, auxsid: str, party: Party, *, kind: str
) -> None:
    """Whether this signature.json is the party's, for this election and place.

    Raises VerificationError (`<kind>.signatures`).
    """
    check, where = f"{kind}.signatures", f"{auxsid} {SIGNATURE}"
    try:
        signed = parse_model(ProofDirectory, data, SIGNATURE)
        verify_message(data, party.public_key, manifest.digest, check_id=check, where=where)
    except EncodingError as fault:
        raise VerificationError(check, where, str(fault)) from fault
    expected = (_SCHEMA, manifest.digest.hex(), auxsid, party.id)
    if (signed.schema_, signed.election, signed.auxsid, signed.party) != expected:
        why = "it was made for another election, count or party"
        raise VerificationError(check, where, why)


# -- mixing ---------------------------------------------------------------------------------------


def make_mix(
    manifest: Manifest, count: Count, number: int, data: bytes, key: SigningKey
) -> dict[str, bytes]:
    """Shuffle the list in `data` as mixer `number`, and sign it."""
    return sign_mix(manifest, count, number, shuffle_list(manifest, count, number, data), key)


def shuffle_list(manifest: Manifest, count: Count, number: int, data: bytes) -> dict[str, bytes]:
    """The files of mixer `number`'s shuffle of the list in `data`, to be signed. The randomness is
    fresh and is not kept."""
    auxsid = mix_auxsid(count.count, number)
    pk = manifest.election_key
    w = decode_list(data, manifest, count.ballots)
    w_, witness = shuffle(pk, w)
    proof = prove_shuffle(parameters(manifest, auxsid), pk, w, w_, witness)
    return ShufflingDirectory(auxsid, pk, w, w_, proof).files()


def sign_mix(
    manifest: Manifest, count: Count, number: int, files: Files, key: SigningKey
) -> dict[str, bytes]:
    """The complete directory of mixer `number`."""
    party = manifest.parties.mixers[number - 1]
    return sign_directory(files, manifest, mix_auxsid(count.count, number), party, key)


def verify_mix(manifest: Manifest, count: Count, number: int, data: bytes, files: Files) -> bytes:
    """The output of mixer `number`, proven to be a shuffle of the list in `data`.

    Raises VerificationError (`mix.…`).
    """
    party = manifest.parties.mixers[number - 1]
    auxsid = mix_auxsid(count.count, number)
    pk = manifest.election_key
    proof_files = verify_directory(files, manifest, auxsid, party, kind="mix")
    try:
        mix = ShufflingDirectory.read(
            manifest.crypto_group, proof_files, auxsid=auxsid, width=WIDTH
        )
    except EncodingError as fault:
        raise VerificationError("mix.commitment", auxsid, str(fault)) from fault
    if mix.pk != pk:
        raise VerificationError("mix.parameters", auxsid, "it is under another key")
    if proof_files["Ciphertexts.bt"] != data or len(mix.w) != count.ballots:
        raise VerificationError("mix.input", auxsid, "its input is not the list that it must mix")
    verify_shuffle(parameters(manifest, auxsid), pk, mix.w, mix.w_, mix.proof)
    return proof_files[OUTPUT]


# -- decryption -----------------------------------------------------------------------------------


def share_key(manifest: Manifest, number: int) -> Element:
    """y_l of the manifest."""
    text = manifest.key.shares[number - 1]
    return manifest.crypto_group.element_from_hex(text, allow_identity=False)


def make_decryption(
    manifest: Manifest,
    count: Count,
    number: int,
    data: bytes,
    secret_x: Scalar,
    key: SigningKey,
) -> dict[str, bytes]:
    """The factors of trustee `number` for the list in `data`, with their proof.

    The caller has made every check that allows this list to be decrypted.
    """
    party = manifest.parties.trustees.members[number - 1]
    auxsid = decryption_auxsid(count.count, number)
    group = manifest.crypto_group
    w = decode_list(data, manifest, count.ballots)
    factors, proof = prove_decryption(parameters(manifest, auxsid), secret_x, w)
    pk = PublicKey(group.g, group.g**secret_x)
    files = DecryptionDirectory(auxsid, pk, w, factors, proof).files()
    return sign_directory(files, manifest, auxsid, party, key)


def verify_factors(
    manifest: Manifest, count: Count, number: int, data: bytes, files: Files
) -> Factors:
    """The factors of trustee `number` for the list in `data`, proven right.

    Raises VerificationError (`decryption.…`).
    """
    party = manifest.parties.trustees.members[number - 1]
    auxsid = decryption_auxsid(count.count, number)
    proof_files = verify_directory(files, manifest, auxsid, party, kind="decryption")
    try:
        directory = DecryptionDirectory.read(
            manifest.crypto_group, proof_files, auxsid=auxsid, width=WIDTH
        )
    except EncodingError as fault:
        raise VerificationError("decryption.factors", auxsid, str(fault)) from fault
    y = share_key(manifest, number)
    if directory.pk.y != y:
        raise VerificationError("decryption.parameters", auxsid, "it is under another key")
    if proof_files["Ciphertexts.bt"] != data or len(directory.w) != count.ballots:
        why = "its list is not the last mixer's output"
        raise VerificationError("decryption.parameters", auxsid, why)
    what = parameters(manifest, auxsid)
    verify_decryption(what, y, directory.w, directory.factors, directory.proof)
    return directory.factors


def announced_digest(signatures: list[bytes]) -> str:
    """What the log says of the directories with these signature.json, in the parties' order."""
    leaves = tuple(bytes.fromhex(digest(data)) for data in signatures)
    return digest(byte_tree.encode(leaves))
