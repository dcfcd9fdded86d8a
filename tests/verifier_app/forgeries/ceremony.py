"""Lies about how the key was made."""

from __future__ import annotations

from collections.abc import Callable

from crypto import byte_tree
from crypto.groups import group_by_name
from crypto.proofs import equality
from crypto.threshold import rehearsal_ciphertext
from tests.verifier_app.forge import Forgery
from tests.verifier_app.forgeries import case
from tests.verifier_app.forgeries.mixing import plus_one
from tests.verifier_app.sealing import Json
from voting.election.documents import digest, sign_message

GROUP = group_by_name("ristretto255")


def message(forgery: Forgery, name: str, sender: str, /, **members: object) -> None:
    """A trustee's message with other members, signed by that trustee, or by another one."""
    file = f"ceremony/{name}.json"
    body = {**forgery.json(file), **members}
    del body["signature"]
    forgery.files[file] = sign_message(body, forgery.keys.party[sender])


@case("ceremony.messages")
def a_message_of_the_ceremony_is_missing(forgery: Forgery) -> None:
    forgery.drop("ceremony/4-trustee-2.json")
    forgery.publish()


@case("ceremony.messages")
def a_complaint_is_in_the_record(forgery: Forgery) -> None:
    forgery.files["ceremony/complaint-trustee-2.json"] = b"{}"
    forgery.publish()


@case("ceremony.messages")
def a_message_is_signed_by_another_trustee(forgery: Forgery) -> None:
    message(forgery, "3-trustee-2", "trustee-1")
    forgery.publish()


def _message_says(name: str, **members: object) -> None:
    @case("ceremony.messages", name=name)
    def forge(forgery: Forgery) -> None:
        message(forgery, "3-trustee-2", "trustee-2", **members)
        forgery.publish()


_message_says("a_message_of_another_run", run="0" * 64)
_message_says("a_message_of_another_election", election="other-2027")
_message_says("a_message_among_other_trustees", trustees="0" * 64)
_message_says("a_message_of_another_round", round=4)
_message_says("a_message_to_one_alone", receiver="trustee-1")
_message_says("a_message_with_more_in_it", remark="hello")


def _proof_says(name: str, change: Callable[[Json], Json]) -> None:
    @case("ceremony.proofs", name=name)
    def forge(forgery: Forgery) -> None:
        """Everybody accepts it and goes on: the transcript holds it, and so does the manifest."""
        forgery.hold(lambda manifest: rerun(forgery, manifest, change))


def rerun(forgery: Forgery, manifest: Json, change: Callable[[Json], Json], liar: int = 1) -> None:
    """A false opening by a trustee, and rounds 3 and 4 made again over it."""
    opening = f"2-trustee-{liar}"
    said = change(forgery.json(f"ceremony/{opening}.json"))
    message(forgery, opening, f"trustee-{liar}", **said)
    transcript = transcript_of(forgery)
    manifest["key"]["ceremony"] = transcript.hex()
    for number, share in forgery.keys.shares.items():
        trustee = f"trustee-{number}"
        message(forgery, f"3-{trustee}", trustee, transcript=transcript.hex())
        u, _ = rehearsal_ciphertext(share.key, transcript)
        inverse = u**share.secret_x
        y = share.key.share_key(number)
        proof = equality.prove(transcript, y, u, inverse, share.secret_x)
        members = {
            "commitment_g": bytes_of(proof.commitment_g.tree()).hex(),
            "commitment_u": bytes_of(proof.commitment_u.tree()).hex(),
            "reply": bytes_of(proof.reply.tree()).hex(),
        }
        factor = bytes_of(inverse.inverse().tree()).hex()
        message(forgery, f"4-{trustee}", trustee, factor=factor, proof=members)


def bytes_of(tree: byte_tree.Tree) -> bytes:
    assert isinstance(tree, bytes)
    return tree


def transcript_of(forgery: Forgery) -> bytes:
    """H over the files of rounds 1 and 2: round, sender, broadcasts before shares, receiver."""
    ids = [f"trustee-{number}" for number in sorted(forgery.keys.shares)]
    names = [f"1-{sender}" for sender in ids]
    for sender in ids:
        names += [f"2-{sender}", *(f"2-{sender}-to-{other}" for other in ids if other != sender)]
    files = tuple(forgery.files[f"ceremony/{name}.json"] for name in names)
    return bytes.fromhex(digest(byte_tree.encode(files)))


_proof_says(
    "a_proof_of_knowledge_is_false",
    lambda m: {
        "proof": {**m["proof"], "reply": plus_one(bytes.fromhex(m["proof"]["reply"])).hex()}
    },
)
_proof_says("an_opening_is_not_what_was_fixed", lambda _: {"nonce": "0" * 64})


@case("ceremony.key")
def a_trustee_accepted_another_key(forgery: Forgery) -> None:
    message(forgery, "3-trustee-3", "trustee-3", key=bytes_of(GROUP.g.tree()).hex())
    forgery.publish()


@case("ceremony.key")
def a_trustee_accepted_other_messages(forgery: Forgery) -> None:
    message(forgery, "3-trustee-3", "trustee-3", transcript="0" * 64)
    forgery.publish()


@case("ceremony.key")
def a_rehearsal_is_not_that_of_the_share(forgery: Forgery) -> None:
    message(forgery, "4-trustee-2", "trustee-2", factor=bytes_of(GROUP.g.tree()).hex())
    forgery.publish()


@case("ceremony.key")
def a_rehearsal_is_not_proven(forgery: Forgery) -> None:
    proof = forgery.json("ceremony/4-trustee-2.json")["proof"]
    reply = plus_one(bytes.fromhex(proof["reply"])).hex()
    message(forgery, "4-trustee-2", "trustee-2", proof={**proof, "reply": reply})
    forgery.publish()


@case("ceremony.key")
def the_manifest_names_another_share(forgery: Forgery) -> None:
    """Of the trustee who was not needed."""
    other = bytes_of((GROUP.g ** GROUP.scalar(5)).tree()).hex()
    forgery.hold(lambda manifest: manifest["key"]["shares"].__setitem__(1, other))


@case("ceremony.key")
def the_manifest_names_another_ceremony(forgery: Forgery) -> None:
    forgery.hold(lambda manifest: manifest["key"].update(ceremony="0" * 64))
