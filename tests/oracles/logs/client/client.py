"""A client of our log that is made of another project's package alone, aics-tlog: the same commands
as main.go. It is run by the Python of an environment that has the package, which ours has not.

    client.py receipt POLICY RECEIPT
    client.py follow POLICY CHECKPOINT URL

Exit code 0: accepted; 1: refused, with the reason; 2: not done.
"""

from __future__ import annotations

import base64
import sys
from pathlib import Path

import aics_tlog as tlog  # type: ignore[import-not-found]


class Refused(Exception):
    """What was shown does not hold."""


class Policy:
    """The log's key, how many witnesses must have cosigned, and their keys."""

    def __init__(self, path: Path) -> None:
        log, required, *witnesses = path.read_text().split()
        self.log = tlog.parse_vkey(log)
        keys = tuple(map(tlog.parse_vkey, witnesses))
        self.witnesses = tlog.WitnessPolicy(int(required), keys)

    def tree(self, checkpoint: bytes) -> tuple[int, bytes]:
        """Size and root of a checkpoint that the log and enough witnesses signed."""
        said = tlog.verify_checkpoint(
            tlog.parse_note(checkpoint),
            self.log,
            expected_origin=self.log.name,
            policy=self.witnesses,
        )
        if not said.ok:
            raise Refused(said.error)
        return said.size, said.root


def receipt(policy: Policy, data: bytes) -> None:
    """The format is c2sp.org/tlog-proof, which the package does not read by itself."""
    head, _, checkpoint = data.partition(b"\n\n")
    _, extra, index, *hashes = head.decode().split("\n")
    size, root = policy.tree(checkpoint)
    entry = base64.b64decode(extra.removeprefix("extra "))
    proof = [base64.b64decode(line) for line in hashes]
    place = int(index.removeprefix("index "))
    if not tlog.verify_leaf_inclusion(entry, place, size, proof, root):
        raise Refused("the entry does not stand in the log")


def follow(policy: Policy, older: bytes, url: str) -> None:
    reader = tlog.HttpTileReader(url, proxies={})
    old_size, old_root = policy.tree(older)
    size, root = policy.tree(reader.read_checkpoint())
    tlog.audit_tiles(reader, size, root, entries=True)
    proof = tlog.consistency_proof_from_tiles(reader, old_size, size)
    if not tlog.verify_consistency(old_size, size, old_root, root, proof):
        raise Refused("the log is not the one seen before, continued")


def main() -> int:
    command, policy, shown, *url = sys.argv[1:]
    data = Path(shown).read_bytes()
    try:
        if command == "receipt":
            receipt(Policy(Path(policy)), data)
        else:
            follow(Policy(Path(policy)), data, *url)
    except tlog.TileUnavailableError as fault:
        if "malformed" not in str(fault):
            raise OSError(fault) from fault
        print(f"refused: {fault}")
        return 1
    except (Refused, ValueError, tlog.TileMissingError, tlog.TileVerificationError) as fault:
        print(f"refused: {fault}")
        return 1
    print("accepted")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except OSError as fault:
        print(fault, file=sys.stderr)
        sys.exit(2)
