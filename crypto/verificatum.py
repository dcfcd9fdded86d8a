"""The layout of Verificatum's proof directories (k = λ = 1) and of protInfo.xml.

A directory is a map from relative path to bytes; callers do the reading and writing. The set of
files is the one that the unmodified vmnv 3.1.0 reads (docs/specification.md section 10.1).
The readers are stricter than vmnv: they refuse missing and surplus files, bytes after a tree,
surplus children, and every encoding that is not canonical.

Here: files ↔ typed objects. Not here: whether a proof holds (``crypto.proofs``), whether the
directory is the right one for the election (the caller gives what it expects).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape

from crypto import byte_tree
from crypto.byte_tree import Tree
from crypto.elgamal import (
    Ciphertexts,
    PublicKey,
    count_ciphertexts,
    wide_tree,
)
from crypto.errors import EncodingError
from crypto.groups.api import Elements, Group
from crypto.proofs.decryption import DecryptionTrees, Factors, ProofOfDecryption
from crypto.proofs.parameters import ProofParameters
from crypto.proofs.shuffle import ProofOfShuffle, ProofOfShuffleTrees

_COMMON = {"version", "type", "auxsid", "width", "FullPublicKey.bt", "Ciphertexts.bt"}
_SHUFFLING = _COMMON | {
    "ShuffledCiphertexts.bt",
    "proofs/activethreshold",
    "proofs/Ciphertexts01.bt",
    "proofs/PermutationCommitment01.bt",
    "proofs/PoSCommitment01.bt",
    "proofs/PoSReply01.bt",
}
_DECRYPTION = _COMMON | {
    "Plaintexts.bt",
    "proofs/activethreshold",
    "proofs/PolynomialInExponent.bt",
    "proofs/DecryptionFactors01.bt",
    "proofs/DecrFactCommitment01.bt",
    "proofs/DecrFactReply01.bt",
    "proofs/CorrectIndices.bt",
}
_CORRECT_INDICES = b"\x01\x01"  # one byte for each server 1 … k after an unused one; all correct


@dataclass(frozen=True)
class ShufflingDirectory:
    """One mixer's directory, type "shuffling"."""

    auxsid: str
    pk: PublicKey
    w: Ciphertexts
    w_: Ciphertexts
    proof: ProofOfShuffle

    def files(self) -> dict[str, bytes]:
        """Return the directory."""
        output = byte_tree.encode(self.w_.tree())
        return {
            **_common_files("shuffling", self.auxsid, self.pk, self.w),
            "ShuffledCiphertexts.bt": output,
            "proofs/activethreshold": b"1",
            "proofs/Ciphertexts01.bt": output,
            "proofs/PermutationCommitment01.bt": byte_tree.encode(
                self.proof.permutation_commitment.tree()
            ),
            "proofs/PoSCommitment01.bt": byte_tree.encode(self.proof.commitment.tree()),
            "proofs/PoSReply01.bt": byte_tree.encode(self.proof.reply.tree()),
        }

    @classmethod
    def read(
        cls, group: Group, files: Mapping[str, bytes], *, auxsid: str, width: int
    ) -> ShufflingDirectory:
        """Return the typed content of ``files``.

        ``auxsid`` and ``width`` are what the caller expects. Raises EncodingError for whatever is
        not this format, and VerificationError (``mix.commitment``, ``mix.proof.A``) for a proof
        whose trees are readable but not canonical for the group.
        """
        trees = _read_common(files, _SHUFFLING, "shuffling", auxsid, width)
        _expect(files, "ShuffledCiphertexts.bt", files["proofs/Ciphertexts01.bt"])
        pk = PublicKey.decode(group, trees["FullPublicKey.bt"])
        n = count_ciphertexts(trees["Ciphertexts.bt"], width)
        proof = ProofOfShuffleTrees(
            trees["proofs/PermutationCommitment01.bt"],
            trees["proofs/PoSCommitment01.bt"],
            trees["proofs/PoSReply01.bt"],
        )
        w = Ciphertexts.decode(group, trees["Ciphertexts.bt"], n, width)
        w_ = Ciphertexts.decode(group, trees["proofs/Ciphertexts01.bt"], n, width)
        return cls(auxsid, pk, w, w_, proof.decode(group, n, width))


@dataclass(frozen=True)
class DecryptionDirectory:
    """One trustee's directory, type "decryption", under the trustee's own key y_l.

    ``plaintexts`` of this format are v_i · f_{l,i}: with t > 1 no plaintext of the election.
    """

    auxsid: str
    pk: PublicKey
    w: Ciphertexts
    factors: Factors
    proof: ProofOfDecryption

    @property
    def plaintexts(self) -> tuple[Elements, ...]:
        return tuple(v_j * f_j for v_j, f_j in zip(self.w.v, self.factors.f, strict=True))

    def files(self) -> dict[str, bytes]:
        """Return the directory."""
        return {
            **_common_files("decryption", self.auxsid, self.pk, self.w),
            "Plaintexts.bt": byte_tree.encode(wide_tree(self.plaintexts)),
            "proofs/activethreshold": b"1",
            "proofs/PolynomialInExponent.bt": byte_tree.encode((self.pk.y.tree(),)),
            "proofs/DecryptionFactors01.bt": byte_tree.encode(self.factors.tree()),
            "proofs/DecrFactCommitment01.bt": byte_tree.encode(self.proof.commitment.tree()),
            "proofs/DecrFactReply01.bt": byte_tree.encode(self.proof.reply.tree()),
            "proofs/CorrectIndices.bt": byte_tree.encode(_CORRECT_INDICES),
        }

    @classmethod
    def read(
        cls, group: Group, files: Mapping[str, bytes], *, auxsid: str, width: int
    ) -> DecryptionDirectory:
        """Return the typed content of ``files``.

        ``auxsid`` and ``width`` are what the caller expects. Raises EncodingError for whatever is
        not this format or inconsistent in itself, and VerificationError ``decryption.factors`` for
        factors and proofs whose trees are readable but not canonical for the group.
        """
        trees = _read_common(files, _DECRYPTION, "decryption", auxsid, width)
        pk = PublicKey.decode(group, trees["FullPublicKey.bt"])
        if trees["proofs/PolynomialInExponent.bt"] != (pk.y.tree(),):
            raise EncodingError("proofs/PolynomialInExponent.bt: not the key of FullPublicKey.bt")
        if trees["proofs/CorrectIndices.bt"] != _CORRECT_INDICES:
            raise EncodingError("proofs/CorrectIndices.bt: not one correct server")
        n = count_ciphertexts(trees["Ciphertexts.bt"], width)
        w = Ciphertexts.decode(group, trees["Ciphertexts.bt"], n, width)
        factors, proof = DecryptionTrees(
            trees["proofs/DecryptionFactors01.bt"],
            trees["proofs/DecrFactCommitment01.bt"],
            trees["proofs/DecrFactReply01.bt"],
        ).decode(group, n, width)
        directory = cls(auxsid, pk, w, factors, proof)
        if trees["Plaintexts.bt"] != wide_tree(directory.plaintexts):
            raise EncodingError("Plaintexts.bt: not the second components times the factors")
        return directory


def protinfo_xml(parameters: ProofParameters, *, name: str, party: str, width: int) -> bytes:
    """Return the bytes of protInfo.xml for one server; the same parameters give the same bytes.

    ``name`` describes the session, ``party`` the server; neither is bound by the proof. Fields
    that vmnv reads but does not use hold fixed text.
    """
    fields = [
        ("version", parameters.version),
        ("sid", parameters.sid),
        ("name", name),
        ("descr", ""),
        ("nopart", "1"),
        ("statdist", str(parameters.n_r)),
        ("bullboard", "com.verificatum.protocol.com.BullBoardBasicHTTPW"),
        ("thres", "1"),
        ("pgroup", parameters.pgroup),
        ("keywidth", "1"),
        ("vbitlen", "128"),
        ("vbitlenro", str(parameters.n_v)),
        ("ebitlen", "128"),
        ("ebitlenro", str(parameters.n_e)),
        ("prg", parameters.prg),
        ("rohash", parameters.rohash),
        ("corr", "noninteractive"),
        ("width", str(width)),
        ("maxciph", "0"),
    ]
    party_fields = [
        ("name", party),
        ("srtbyrole", "anyrole"),
        ("descr", ""),
        ("pkey", "none"),
        ("http", "http://localhost:8041"),
        ("hint", "localhost:4041"),
    ]
    lines = [
        "<protocol>",
        *(f"<{tag}>{escape(text)}</{tag}>" for tag, text in fields),
        "<party>",
        *(f"<{tag}>{escape(text)}</{tag}>" for tag, text in party_fields),
        "</party>",
        "</protocol>",
    ]
    return ("\n".join(lines) + "\n").encode("utf-8")


def _common_files(kind: str, auxsid: str, pk: PublicKey, w: Ciphertexts) -> dict[str, bytes]:
    return {
        "version": ProofParameters.version.encode(),
        "type": kind.encode(),
        "auxsid": auxsid.encode(),
        "width": str(w.width).encode(),
        "FullPublicKey.bt": byte_tree.encode(pk.tree()),
        "Ciphertexts.bt": byte_tree.encode(w.tree()),
    }


def _read_common(
    files: Mapping[str, bytes], names: set[str], kind: str, auxsid: str, width: int
) -> dict[str, Tree]:
    """Check the set of files and the plain ones; return the trees of the others by path."""
    if missing := names - files.keys():
        raise EncodingError(f"missing from the proof directory: {', '.join(sorted(missing))}")
    if surplus := files.keys() - names:
        raise EncodingError(f"not part of a proof directory: {', '.join(sorted(surplus))}")
    _expect(files, "version", ProofParameters.version.encode())
    _expect(files, "type", kind.encode())
    _expect(files, "auxsid", auxsid.encode())
    _expect(files, "width", str(width).encode())
    _expect(files, "proofs/activethreshold", b"1")
    trees: dict[str, Tree] = {}
    for path in sorted(names):
        if path.endswith(".bt"):
            try:
                trees[path] = byte_tree.decode(files[path])
            except EncodingError as error:
                raise EncodingError(f"{path}: {error}") from error
    return trees


def _expect(files: Mapping[str, bytes], path: str, content: bytes) -> None:
    if files[path] != content:
        raise EncodingError(f"{path}: not the expected content")
