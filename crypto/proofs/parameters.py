"""The parameters of a proof in Verificatum's format, and the transcript they determine."""

from __future__ import annotations

from dataclasses import dataclass

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
