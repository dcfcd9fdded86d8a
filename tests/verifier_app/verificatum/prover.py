"""A whole mix-net that writes proof directories in Verificatum's format: for tests, and for the
directories that are published (`make vectors`).

Shuffles are proven by our own prover; what elections do not use (servers that hold a key together,
keys of width κ, precomputation) is proven here.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from xml.sax.saxutils import escape

from crypto import byte_tree
from crypto.byte_tree import Tree
from crypto.elgamal import Ciphertexts, PublicKey, wide_tree
from crypto.groups import Group, group_by_name
from crypto.groups.api import Elements, Scalar, Scalars
from crypto.proofs.joint_decryption import denominator
from crypto.proofs.parameters import ProofParameters
from crypto.proofs.permutation import (
    Bridging,
    PermutationExponents,
    PermutationImages,
    batching_vector,
    challenge,
)
from crypto.proofs.shuffle import prove_shuffle, shuffle
from crypto.random_oracle import HashName
from crypto.threshold import lagrange_coefficients
from verifier_app.verificatum import layout
from verifier_app.verificatum.layout import Kind


@dataclass(frozen=True)
class Plan:
    """What a session is like. `active`: the servers that shuffle; `maxciph`: with precomputation;
    `correct`: the servers whose decryption is marked as correct, all of them if None."""

    kind: Kind
    group: Group = field(default_factory=lambda: group_by_name("ristretto255"))
    n: int = 3
    width: int = 1
    key_width: int = 1
    servers: int = 1
    threshold: int = 1
    active: tuple[int, ...] = (1,)
    maxciph: int | None = None
    correct: tuple[int, ...] | None = None
    prg: HashName = "SHA-256"
    rohash: HashName = "SHA-256"
    auxsid: str = "default"

    @property
    def parameters(self) -> ProofParameters:
        return ProofParameters(
            sid="Vectors",
            auxsid=self.auxsid,
            pgroup=self.group.pgroup,
            prg=self.prg,
            rohash=self.rohash,
        )

    @property
    def protinfo(self) -> bytes:
        """protInfo.xml."""
        p = self.parameters
        fields = {
            "version": p.version, "sid": p.sid, "name": "Vectors of Sukashi", "descr": "",
            "nopart": self.servers, "statdist": p.n_r,
            "bullboard": "com.verificatum.protocol.com.BullBoardBasicHTTPW",
            "thres": self.threshold, "pgroup": p.pgroup, "keywidth": self.key_width,
            "vbitlen": 128, "vbitlenro": p.n_v, "ebitlen": 128, "ebitlenro": p.n_e, "prg": p.prg,
            "rohash": p.rohash, "corr": "noninteractive", "width": self.width, "maxciph": 0,
        }  # fmt: skip
        lines = ["<protocol>", *(f"<{t}>{escape(str(v))}</{t}>" for t, v in fields.items())]
        for l in range(1, self.servers + 1):
            party = {
                "name": f"Server {l}", "srtbyrole": "anyrole", "descr": "", "pkey": "none",
                "http": f"http://localhost:{8040 + l}", "hint": f"localhost:{4040 + l}",
            }  # fmt: skip
            lines += ["<party>", *(f"<{t}>{v}</{t}>" for t, v in party.items()), "</party>"]
        return "\n".join([*lines, "</protocol>", ""]).encode()


class Session:
    """One run of the mix-net; `trees` and `plain` grow as it goes."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.group = plan, plan.group
        self.coefficients = [self.group.random_scalars(plan.threshold) for _ in range(self._kappa)]
        y = [self.group.g ** column[0] for column in self.coefficients]
        self.pk = PublicKey(self.group.g, y[0], tuple(y[1:]))
        self.w = self._input()
        self.trees: dict[str, Tree] = {
            layout.PUBLIC_KEY: self.pk.tree(),
            layout.INPUT: self.w.tree(),
        }
        self.plain = {
            "version": plan.parameters.version,
            "type": plan.kind,
            "auxsid": plan.auxsid,
            "width": str(plan.width),
            "proofs/activethreshold": str(max(plan.active)),
        }

    @property
    def _kappa(self) -> int:
        return self.plan.key_width

    def _input(self) -> Ciphertexts:
        n, components = self.plan.n, self.plan.width * self._kappa
        m = [self.group.g ** self.group.scalars(range(j, j + n)) for j in range(components)]
        return self.pk.encrypt(m, [self.group.random_scalars(n) for _ in m])

    @cached_property
    def polynomial(self) -> Tree:
        """P, a row for each degree."""
        rows = range(self.plan.threshold)
        return tuple(
            wide_tree([self.group.g ** column[i] for column in self.coefficients], self._kappa)
            for i in rows
        )

    def files(self) -> dict[str, bytes]:
        """The directory."""
        found = {path: byte_tree.encode(tree) for path, tree in self.trees.items()}
        return found | {path: text.encode() for path, text in self.plain.items()}

    # -- shuffles -----------------------------------------------------------------------------

    def mix(self) -> Ciphertexts:
        """All active servers shuffle; return the last list."""
        w = self.w
        if self.plan.maxciph is not None:
            self.plain[layout.MAXCIPH] = str(self.plan.maxciph)
        for server in self.plan.active:
            if self.plan.maxciph is None:
                w = self._shuffle(server, w)
            else:
                w = self._precomputed(server, w, self.plan.maxciph)
        if self.plan.kind == "shuffling":
            self.trees[layout.OUTPUT] = w.tree()
            if self.plan.maxciph is not None:
                del self.trees[layout.of(layout.LIST, self.plan.active[-1])]
        return w

    def _shuffle(self, server: int, w: Ciphertexts) -> Ciphertexts:
        w_, witness = shuffle(self.pk, w)
        proof = prove_shuffle(self.plan.parameters, self.pk, w, w_, witness)
        self._put(
            server,
            Ciphertexts=w_.tree(),
            PermutationCommitment=proof.permutation_commitment.tree(),
            PoSCommitment=proof.commitment.tree(),
            PoSReply=proof.reply.tree(self._kappa),
        )
        return w_

    def _precomputed(self, server: int, w: Ciphertexts, n_0: int) -> Ciphertexts:
        """Commit to a permutation of N_0, prove it, keep N of it, shuffle with those."""
        group, parameters, n = self.group, self.plan.parameters, len(w)
        transcript = parameters.transcript()
        h = group.independent_generators(transcript.generators_prg(), n_0, parameters.n_r)
        pi = list(range(n_0))
        secrets.SystemRandom().shuffle(pi)
        r = group.random_scalars(n_0)
        u = (group.g**r * h).permute([pi.index(i) for i in range(n_0)])
        self._put(server, PermutationCommitment=u.tree())
        self._prove_commitment(server, h, u, r, pi)

        kept = sorted(pi[:n])
        shrunk = group.elements(u[i] for i in kept)
        pi_ = [kept.index(image) for image in pi[:n]]
        s = [group.random_scalars(n) for _ in w.u]
        w_ = self.pk.re_encrypt(w, s).permute(pi_)
        self._put(
            server,
            KeepList=bytes(int(i in kept) for i in range(n_0)),
            Ciphertexts=w_.tree(),
        )
        self._prove_consistency(server, h[:n], shrunk, r[:n], pi_, s, w, w_)
        return w_

    def _prove_commitment(
        self, server: int, h: Elements, u: Elements, r: Scalars, pi: Sequence[int]
    ) -> None:
        group, parameters, n_0 = self.group, self.plan.parameters, len(h)
        transcript = parameters.transcript()
        seed = transcript.seed((group.g.tree(), h.tree(), u.tree()))
        e_ = batching_vector(transcript, seed, parameters, group, n_0).permute(pi)
        b = group.random_scalars(n_0)
        bridging = Bridging.chain(h[0], b, e_)
        x = PermutationExponents(
            group.random_scalar(),
            group.random_scalars(n_0),
            group.random_scalar(),
            group.random_scalar(),
            group.random_scalars(n_0),
        )
        A_, B_, C_, D_ = (
            getattr(PermutationImages.of(h, bridging, x), name).tree()
            for name in ("A", "B", "C", "D")
        )
        commitment = (bridging.B.tree(), A_, B_, C_, D_)
        v = challenge(transcript, seed, commitment, parameters, group)
        reply = (
            (v * r.dot(e_) + x.A).tree(),
            (b * v + x.B).tree(),
            (v * r.sum() + x.C).tree(),
            (v * bridging.d[n_0 - 1] + x.D).tree(),
            (e_ * v + x.E).tree(),
        )
        self._put(server, PoSCCommitment=commitment, PoSCReply=reply)

    def _prove_consistency(
        self,
        server: int,
        h: Elements,
        u: Elements,
        r: Scalars,
        pi: Sequence[int],
        s: Sequence[Scalars],
        w: Ciphertexts,
        w_: Ciphertexts,
    ) -> None:
        group, parameters, pk = self.group, self.plan.parameters, self.pk
        transcript = parameters.transcript()
        key = pk.wide_tree(w.width)
        seed = transcript.seed((group.g.tree(), h.tree(), u.tree(), key, w.tree(), w_.tree()))
        e = batching_vector(transcript, seed, parameters, group, len(w))
        alpha, epsilon = group.random_scalar(), group.random_scalars(len(w))
        phi = [group.random_scalar() for _ in s]
        A_ = group.g**alpha * h.multiexp(epsilon)
        F_ = pk.power([-x for x in phi]) * w_.multiexp(epsilon)
        commitment = (A_.tree(), F_.tree())
        v = challenge(transcript, seed, commitment, parameters, group)
        e_ = e.permute(pi)
        k_F = [v * s_j.dot(e) + phi_j for s_j, phi_j in zip(s, phi, strict=True)]
        reply = (
            (v * r.dot(e_) + alpha).tree(),
            wide_tree(k_F, self._kappa),
            (e_ * v + epsilon).tree(),
        )
        self._put(server, CCPoSCommitment=commitment, CCPoSReply=reply)

    # -- decryption ---------------------------------------------------------------------------

    def secret_share(self, server: int) -> list[Scalar]:
        """x_l, for each of κ components."""
        powers = self.group.scalars(pow(server, i) for i in range(self.plan.threshold))
        return [column.dot(powers) for column in self.coefficients]

    def decrypt(self, w: Ciphertexts) -> None:
        """All servers decrypt the list."""
        group, parameters, kappa = self.group, self.plan.parameters, self._kappa
        servers = range(1, self.plan.servers + 1)
        M = group.scalar(denominator(len(servers)))
        x = {l: [x_j * M.inverse() for x_j in self.secret_share(l)] for l in servers}
        f = {l: [u_j ** (-x[l][j % kappa]) for j, u_j in enumerate(w.u)] for l in servers}
        for l in servers:
            self._put(l, DecryptionFactors=wide_tree(f[l], kappa))

        transcript = parameters.transcript()
        factors = tuple(self._get("DecryptionFactors", l) for l in servers)
        statement = (wide_tree([group.g] * kappa, kappa), w.tree())
        seed = transcript.seed((statement, (self.polynomial, factors)))
        e = batching_vector(transcript, seed, parameters, group, len(w))
        A = [u_j.multiexp(e) for u_j in w.u]
        r = {l: [group.random_scalar() for _ in range(kappa)] for l in servers}
        for l in servers:
            y_ = wide_tree([group.g**r_j for r_j in r[l]], kappa)
            B_ = wide_tree([A_j ** r[l][j % kappa] for j, A_j in enumerate(A)], kappa)
            self._put(l, DecrFactCommitment=(y_, B_))
        commitments = tuple(self._get("DecrFactCommitment", l) for l in servers)
        v = challenge(transcript, seed, commitments, parameters, group)
        for l in servers:
            k = [r_j - v * x_j for r_j, x_j in zip(r[l], x[l], strict=True)]
            self._put(l, DecrFactReply=wide_tree(k, kappa))

        correct = self.plan.correct or tuple(servers)
        quorum = list(correct[: self.plan.threshold])
        c = {l: M * weight for l, weight in lagrange_coefficients(group, quorum).items()}
        m = list(w.v)
        for j in range(len(m)):
            for l in quorum:
                m[j] = m[j] * f[l][j] ** c[l]
        self.trees[layout.POLYNOMIAL] = self.polynomial
        self.trees[layout.PLAINTEXTS] = wide_tree(m, kappa)
        self.trees[layout.CORRECT] = bytes([1, *(int(l in correct) for l in servers)])

    def _put(self, server: int, **trees: Tree) -> None:
        self.trees |= {layout.of(name, server): tree for name, tree in trees.items()}

    def _get(self, name: str, server: int) -> Tree:
        return self.trees[layout.of(name, server)]


def make(plan: Plan) -> dict[str, bytes]:
    """The files of the proof directory of an honest session."""
    session = Session(plan)
    last = session.w if plan.kind == "decryption" else session.mix()
    if plan.kind == "shuffling":
        session.trees[layout.POLYNOMIAL] = session.polynomial
    else:
        session.decrypt(last)
    return session.files()
