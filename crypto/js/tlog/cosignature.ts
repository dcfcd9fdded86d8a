/** Witness cosignatures (c2sp.org/tlog-cosignature): cosignature/v1, Ed25519, type 0x04. */

import { decodeInteger, encodeUtf8 } from "../bytes.js";
import { VerificationError } from "../errors.js";
import { SIGNATURE_BYTES } from "../signing.js";
import { parseCheckpoint } from "./checkpoint.js";
import type { Note, NoteSignature, VerifierKey } from "./note.js";
import { COSIGNATURE_V1 } from "./note.js";

const TIME_BYTES = 8;

/** A witness saw this checkpoint as the log's largest at `timestamp` (POSIX seconds). */
export interface Cosignature {
  readonly witness: string;
  readonly timestamp: bigint;
}

/**
 * Checks that at least `required` different witnesses of the policy cosigned the checkpoint.
 *
 * Returns each witness's cosignature in the order of `witnesses`, the latest where it has several.
 * One dated before `notBefore` (POSIX seconds) counts for nothing. Throws
 * VerificationError(checkId, where, …) for too few, for any false line of a known witness, and for
 * a policy that names a key or a name twice; EncodingError for a text that is no checkpoint.
 */
export function verifyCosignatures(
  note: Note,
  witnesses: readonly VerifierKey[],
  required: number,
  notBefore: bigint,
  checkId: string,
  where: string,
): Cosignature[] {
  parseCheckpoint(note.text);
  for (const distinct of [witnesses.map((w) => w.publicKey.hex), witnesses.map((w) => w.name)]) {
    if (new Set(distinct).size !== witnesses.length) {
      throw new VerificationError(checkId, where, "the policy names a witness twice");
    }
  }
  const found: Cosignature[] = [];
  const early: string[] = [];
  for (const witness of witnesses) {
    if (witness.algorithm !== COSIGNATURE_V1) {
      throw new VerificationError(checkId, where, `${witness.name} is no key of a witness`);
    }
    const times = note
      .linesOf(witness)
      .map((line) => verifyLine(note.text, line, witness, checkId, where));
    if (times.length === 0) continue;
    const timestamp = times.reduce((latest, time) => (time > latest ? time : latest));
    if (timestamp >= notBefore) found.push({ witness: witness.name, timestamp });
    else early.push(witness.name);
  }
  if (found.length < required) {
    const few = `${found.length} of ${witnesses.length} witnesses cosigned, ${required} are required`;
    const why = `${early.join(", ")} did so at a time when this log did not exist yet`;
    throw new VerificationError(checkId, where, early.length === 0 ? few : `${few}; ${why}`);
  }
  return found;
}

/** The time of one line, after checking its signature. */
function verifyLine(
  text: string,
  line: NoteSignature,
  witness: VerifierKey,
  checkId: string,
  where: string,
): bigint {
  if (line.signature.length !== TIME_BYTES + SIGNATURE_BYTES) {
    throw new VerificationError(checkId, where, `a malformed cosignature by ${witness.name}`);
  }
  const timestamp = decodeInteger(line.signature.slice(0, TIME_BYTES));
  if (timestamp >= 1n << 63n) {
    throw new VerificationError(checkId, where, `a cosignature by ${witness.name} with no time`);
  }
  const message = encodeUtf8(`cosignature/v1\ntime ${timestamp}\n${text}`);
  witness.publicKey.verifyText(line.signature.slice(TIME_BYTES), message, checkId, where);
  return timestamp;
}
