"""One session of a mix-net, read from its directory part by part as the checks ask.

Each part belongs to one check (docs/decisions/0006): what cannot be read raises ``Unavailable``
with the id of that check.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from crypto import byte_tree
from crypto.byte_tree import Tree
from crypto.elgamal import Ciphertexts, PublicKey, count_ciphertexts
from crypto.errors import EncodingError, VerificationError
from crypto.groups import group_by_pgroup
from crypto.groups.api import Group
from crypto.proofs import joint_decryption as joint
from crypto.proofs.parameters import ProofParameters
from crypto.proofs.permutation import Equations, PermutationCommitment
from crypto.proofs.precomputed import (
    ProofOfCommitment,
    ProofOfConsistency,
    commitment_equations,
    consistency_equations,
    decode_keep_list,
)
from crypto.proofs.shuffle import ProofOfShuffleTrees, shuffle_equations
from verifier_app.readers.folder import Folder, UnreadableError
from verifier_app.registry import Unavailable, owned
from verifier_app.verificatum import layout
from verifier_app.verificatum.layout import Kind
from verifier_app.verificatum.protinfo import ProtocolInfo

MAX_TREE, MAX_PLAIN = 1 << 28, 1 << 10
PROTINFO = "protInfo.xml"


@dataclass(frozen=True)
class Expectations:
    """What the auditor knows from elsewhere. Without an auxsid the directory's own is taken,
    without a width that of protInfo.xml."""

    auxsid: str | None = None
    width: int | None = None


@dataclass(frozen=True)
class Parameters:
    """The plain files of a directory. `maxciph`: N_0 with precomputation."""

    kind: Kind
    auxsid: str
    width: int
    active_threshold: int
    maxciph: int | None


class Session:
    """What was read of a directory."""

    def __init__(self, folder: Folder, protocol_info: bytes, expectations: Expectations) -> None:
        self._folder = folder
        self._protocol_info = protocol_info
        self.expectations = expectations

    # -- parameters ---------------------------------------------------------------------------

    @cached_property
    def info(self) -> ProtocolInfo:
        with owned("protinfo.encoding", PROTINFO):
            return ProtocolInfo.read(self._protocol_info)

    @cached_property
    def group(self) -> Group:
        with owned("protinfo.group", f"{PROTINFO}, pgroup"):
            return group_by_pgroup(self.info.pgroup)

    @cached_property
    def plain(self) -> Parameters:
        """The plain files, each exactly as Verificatum writes it, and what they may say."""
        info, wanted = self.info, self.expectations
        self._say("version", re.escape(ProofParameters.version))
        kind = self._say("type", "|".join(layout.KINDS))
        auxsid = self._say("auxsid", "[A-Za-z0-9_]{1,256}")
        if wanted.auxsid is not None and auxsid != wanted.auxsid:
            raise _unlike("auxsid", f"{auxsid!r}, not {wanted.auxsid!r} as expected")
        width = self._number("width", 1, (1 << 31) - 1)
        said, source = info.width, f"in {PROTINFO} (--width)"
        if wanted.width is not None:
            said, source = wanted.width, "expected"
        if width != said:
            raise _unlike("width", f"{width}, not {said} as {source}")
        active = self._number("proofs/activethreshold", info.threshold, info.servers)
        maxciph = None
        if layout.MAXCIPH in self._folder:
            maxciph = self._number(layout.MAXCIPH, 1, (1 << 31) - 1)
        return Parameters(
            next(known for known in layout.KINDS if known == kind), auxsid, width, active, maxciph
        )

    def _say(self, path: str, pattern: str) -> str:
        text = self._read(path, MAX_PLAIN, "directory.parameters").decode("utf-8", "replace")
        if not re.fullmatch(pattern, text):
            raise _unlike(path, f"{text[:40]!r} is not allowed")
        return text

    def _number(self, path: str, low: int, high: int) -> int:
        number = int(self._say(path, "[1-9][0-9]{0,9}"))
        if not low <= number <= high:
            raise _unlike(path, f"{number} is not from {low} to {high}")
        return number

    @property
    def parameters(self) -> ProofParameters:
        return self.info.parameters(self.plain.auxsid)

    # -- files --------------------------------------------------------------------------------

    @cached_property
    def shuffling(self) -> list[int]:
        """The servers that shuffled, in their order: at least λ, and the last of the active."""
        if self.plain.kind == "decryption":
            return []
        paths, last = self._folder.paths, self.plain.active_threshold
        found = layout.shuffling_servers(paths, last)
        if len(found) < self.info.threshold or last not in found:
            why = f"of servers {found} there are shuffles; it takes {self.info.threshold} up to"
            raise Unavailable("directory.files", "proofs/", f"{why} server {last}")
        return found

    @cached_property
    def trees(self) -> dict[str, Tree]:
        """Every byte tree; the directory holds these files, the plain ones, and no others."""
        owner, folder = "directory.files", self._folder
        if folder.irregular:
            raise Unavailable(owner, folder.irregular[0], "it is a link or a special file")
        must, may = layout.expected(
            self.plain.kind, folder.paths, self.shuffling, self.info.servers
        )
        if missing := must - folder.paths:
            raise Unavailable(owner, min(missing), "it is missing")
        if surplus := folder.paths - must - may:
            raise Unavailable(owner, min(surplus), "it is no file of such a proof")
        trees = {}
        for path in sorted(folder.paths):
            if path.endswith(".bt"):
                with owned(owner, path):
                    trees[path] = byte_tree.decode(self._read(path, MAX_TREE, owner))
        return trees

    def _read(self, path: str, limit: int, owner: str) -> bytes:
        try:
            return self._folder.read_at_most(path, limit)
        except KeyError:
            raise Unavailable(owner, path, "it is missing") from None
        except UnreadableError as fault:
            raise Unavailable(owner, path, f"it is larger than {limit} bytes") from fault

    # -- key and lists ------------------------------------------------------------------------

    @cached_property
    def polynomial(self) -> joint.PolynomialInExponent | None:
        """P, where the directory has it."""
        tree, info = self.trees.get(layout.POLYNOMIAL), self.info
        if tree is None:
            return None
        with owned("directory.key", layout.POLYNOMIAL):
            return joint.PolynomialInExponent.decode(
                self.group, tree, info.servers, info.threshold, info.key_width
            )

    @cached_property
    def pk(self) -> PublicKey:
        """The joint key; where there is a polynomial, its P_0."""
        with owned("directory.key", layout.PUBLIC_KEY):
            tree = self.trees[layout.PUBLIC_KEY]
            with self._in_the_group("key"):
                pk = PublicKey.decode(self.group, tree, self.info.key_width)
        if self.polynomial is not None and self.polynomial.y != (pk.y, *pk.others):
            why = "its first coefficient is not the key of FullPublicKey.bt"
            raise Unavailable("directory.key", layout.POLYNOMIAL, why)
        return pk

    @cached_property
    def input(self) -> Ciphertexts:
        """L_0."""
        tree, width, kappa = self.trees[layout.INPUT], self.plain.width, self.info.key_width
        with owned("directory.input", layout.INPUT):
            n = count_ciphertexts(tree, width, kappa)
            with self._in_the_group("list of ciphertexts"):
                return Ciphertexts.decode(self.group, tree, n, width, kappa)

    @contextmanager
    def _in_the_group(self, what: str) -> Iterator[None]:
        """Say of which group it should be: a directory may be of another than protInfo.xml."""
        group = self.group
        try:
            yield
        except EncodingError as fault:
            why = f"it is no {what} of the group of {PROTINFO}, {group.name}: {fault}"
            raise EncodingError(why) from fault

    @cached_property
    def lists(self) -> list[Ciphertexts]:
        """The input, and the output of each server that shuffled."""
        lists = [self.input]
        for server in self.shuffling:
            path = layout.of(layout.LIST, server)
            path = path if path in self.trees else layout.OUTPUT
            with owned("mix.commitment", path):
                lists.append(self._ciphertexts(self.trees[path]))
        return lists

    def _ciphertexts(self, tree: Tree) -> Ciphertexts:
        kappa = self.info.key_width
        return Ciphertexts.decode(self.group, tree, len(self.input), self.plain.width, kappa)

    # -- shuffles -----------------------------------------------------------------------------

    @cached_property
    def equations(self) -> list[tuple[str, Equations]]:
        """The equations of every proof, each with its place."""
        found = []
        prove = self._shuffle if self.plain.maxciph is None else self._precomputed
        for i, server in enumerate(self.shuffling):
            with _owned_by_fault("mix.commitment", f"server {server}"):
                found += prove(server, self.lists[i], self.lists[i + 1])
        return found

    def _shuffle(self, server: int, w: Ciphertexts, w_: Ciphertexts) -> list[tuple[str, Equations]]:
        proof = ProofOfShuffleTrees(
            *(self._of(name, server) for name in (layout.COMMITMENT, "PoSCommitment", "PoSReply"))
        ).decode(self.group, len(w), w.width, w.key_width)
        equations = shuffle_equations(self.parameters, self.pk, w, w_, proof)
        return [(f"server {server}", equations)]

    def _precomputed(
        self, server: int, w: Ciphertexts, w_: Ciphertexts
    ) -> list[tuple[str, Equations]]:
        n_0, group, parameters = self.plain.maxciph or 0, self.group, self.parameters
        u = PermutationCommitment.decode(group, self._of(layout.COMMITMENT, server), n_0)
        first = ProofOfCommitment.decode(
            group, self._of("PoSCCommitment", server), self._of("PoSCReply", server), n_0
        )
        kept = decode_keep_list(self._of("KeepList", server), n_0, len(w))
        second = ProofOfConsistency.decode(
            group,
            self._of("CCPoSCommitment", server),
            self._of("CCPoSReply", server),
            len(w),
            w.width,
            w.key_width,
        )
        shrunk = PermutationCommitment(group.elements(u.u[i] for i in kept))
        consistency = consistency_equations(parameters, self.pk, shrunk, w, w_, second)
        return [
            (f"server {server}, PoSC", commitment_equations(parameters, u, first)),
            (f"server {server}, CCPoS", consistency),
        ]

    def _of(self, name: str, server: int) -> Tree:
        return self.trees[layout.of(name, server)]

    # -- decryption ---------------------------------------------------------------------------

    @cached_property
    def correct(self) -> list[int]:
        """The servers that CorrectIndices.bt marks."""
        tree, info = self.trees[layout.CORRECT], self.info
        with owned("decryption.quorum", layout.CORRECT):
            return joint.decode_correct_indices(tree, info.servers, info.threshold)

    @cached_property
    def decryptions(self) -> list[joint.ServerProof]:
        """What servers 1 … k published about the last list."""
        found = []
        for server in range(1, self.info.servers + 1):
            trees = joint.ServerTrees(*(self._of(name, server) for name in layout.DECRYPTION))
            with owned("decryption.factors", f"server {server}"):
                found.append(trees.decode(self.lists[-1]))
        return found


def _unlike(path: str, why: str) -> Unavailable:
    return Unavailable("directory.parameters", path, why)


@contextmanager
def _owned_by_fault(otherwise: str, where: str) -> Iterator[None]:
    """A fault with an id belongs to the check of that id, every other one to `otherwise`."""
    try:
        yield
    except VerificationError as fault:
        raise Unavailable(fault.check_id, f"{where}, {fault.where}", fault.why) from fault
    except EncodingError as fault:
        raise Unavailable(otherwise, where, str(fault)) from fault
