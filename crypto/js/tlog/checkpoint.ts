/** Checkpoints (c2sp.org/tlog-checkpoint): a tree head as a signed note. */

import { decodeBase64 } from "../bytes.js";
import { EncodingError, VerificationError } from "../errors.js";
import type { Note, VerifierKey } from "./note.js";
import { decodeDecimal } from "./note.js";
import { HASH_BYTES } from "./tree.js";

/** Which log (`origin`), how many entries (`size`), and their RFC 6962 root (32 bytes). */
export interface Checkpoint {
  readonly origin: string;
  readonly size: bigint;
  readonly root: Uint8Array;
}

/**
 * The checkpoint of a note's text. Throws EncodingError; extension lines are refused, because nobody
 * audits them.
 */
export function parseCheckpoint(text: string): Checkpoint {
  const lines = text.split("\n");
  if (lines.length !== 4 || lines[3] !== "") {
    throw new EncodingError("a checkpoint is three lines: origin, size and root");
  }
  const [origin, size, encoded] = lines as [string, string, string, string];
  if (origin === "") throw new EncodingError("a log's origin is one line that is not empty");
  const root = decodeBase64(encoded);
  if (root.length !== HASH_BYTES) throw new EncodingError("a log's root has 32 bytes");
  return { origin, size: decodeDecimal(size), root };
}

/**
 * The checkpoint in a note, after checking the log's signature and the origin, which is `log.name`.
 *
 * Throws EncodingError for a text that is no checkpoint, VerificationError(checkId, where, …) for a
 * foreign origin or a signature that is missing or false. The caller must still check cosignatures
 * and consistency with the checkpoints it has seen.
 */
export function openCheckpoint(
  note: Note,
  log: VerifierKey,
  checkId: string,
  where: string,
): Checkpoint {
  const checkpoint = parseCheckpoint(note.text);
  if (checkpoint.origin !== log.name) {
    const why = `a checkpoint of the log ${checkpoint.origin}, not of ${log.name}`;
    throw new VerificationError(checkId, where, why);
  }
  note.verify(log, checkId, where);
  return checkpoint;
}
