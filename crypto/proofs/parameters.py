"""The parameters of a proof in Verificatum's format, and the transcript they determine."""

from __future__ import annotations

from dataclasses import dataclass

from crypto.groups.api import Group, Scalars
from crypto.random_oracle import HashName, Transcript, rho


@dataclass(frozen=True)
class ProofParameters:
    """Everything that ρ binds a proof of shuffle or of decryption to.

    The defaults are constants of our record format; other values occur only in proof directories
    that other programs made. The caller takes ``sid``, ``auxsid`` and ``pgroup`` from the
    manifest, never from the proof directory.
    """

    sid: str
    auxsid: str
    pgroup: str
    version: str = "3.1.0"
    n_r: int = 100
    n_v: int = 256
    n_e: int = 256
    prg: HashName = "SHA-256"
    rohash: HashName = "SHA-256"

    def random_masks(self, group: Group, n: int) -> Scalars:
        """Return ``n`` nonces ε that hide v·e_i in v·e_i + ε_i: n_r bits longer than that product,
        which is a statistical distance of 2^−n_r for each, n·2^−n_r for all, or uniform mod q where
        q is not that long."""
        bits = self.n_v + self.n_e + self.n_r
        if bits < group.order.bit_length():
            return group.random_integers(n, bits)
        return group.random_scalars(n)

    def transcript(self) -> Transcript:
        """Return the transcript with prefix ρ."""
        prefix = rho(
            version=self.version,
            sid=self.sid,
            auxsid=self.auxsid,
            n_r=self.n_r,
            n_v=self.n_v,
            n_e=self.n_e,
            prg=self.prg,
            pgroup=self.pgroup,
            rohash=self.rohash,
        )
        return Transcript(prefix, self.rohash, self.prg)
