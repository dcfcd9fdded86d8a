"""The transparency log's formats: RFC 6962 tree, C2SP notes, checkpoints, cosignatures, tiles and
proofs. Nothing of elections, and nothing that stores or serves.

Every reader raises EncodingError for bytes that are not in the format, and VerificationError for
what is in the format and false.
"""

from crypto.tlog.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from crypto.tlog.cosignature import Cosignature, cosign, verify_cosignatures, witness_key
from crypto.tlog.note import Note, NoteSignature, VerifierKey
from crypto.tlog.proof import LogProof
from crypto.tlog.submission import Submission
from crypto.tlog.tiles import expected_paths, read_entries, tile_file, tile_files
from crypto.tlog.tree import Tree, leaf_hash, root_hash, verify_consistency, verify_inclusion

__all__ = [
    "Checkpoint",
    "Cosignature",
    "LogProof",
    "Note",
    "NoteSignature",
    "Submission",
    "Tree",
    "VerifierKey",
    "cosign",
    "expected_paths",
    "leaf_hash",
    "open_checkpoint",
    "read_entries",
    "root_hash",
    "sign_checkpoint",
    "tile_file",
    "tile_files",
    "verify_consistency",
    "verify_cosignatures",
    "verify_inclusion",
    "witness_key",
]
