/**
 * Log proofs (c2sp.org/tlog-proof@v1): that an entry stands in a log, checkable offline.
 *
 *     c2sp.org/tlog-proof@v1
 *     extra <base64>                 (optional)
 *     index <decimal>
 *     <base64 hash>                  (zero or more, from the leaf's sibling up)
 *                                    (an empty line)
 *     <the checkpoint, verbatim>
 */

import { decodeBase64, decodeUtf8 } from "../bytes.js";
import { EncodingError } from "../errors.js";
import type { Checkpoint } from "./checkpoint.js";
import { openCheckpoint, parseCheckpoint } from "./checkpoint.js";
import { verifyCosignatures } from "./cosignature.js";
import type { VerifierKey } from "./note.js";
import { decodeDecimal, Note } from "./note.js";
import { HASH_BYTES, leafHash, verifyInclusion } from "./tree.js";

const HEADER = "c2sp.org/tlog-proof@v1";
const MAXIMUM_HASHES = 63;
const MAXIMUM_BYTES = 2_000_000;

/** Whose word on a log counts; from the manifest or the trust store, never from a proof. */
export interface LogPolicy {
  /** The log's key; its name is the origin. */
  readonly log: VerifierKey;
  readonly witnesses: readonly VerifierKey[];
  /** How many of them must have cosigned. */
  readonly required: number;
}

/**
 * An entry's place in a log: index, inclusion proof (32-byte hashes from the leaf up) and the
 * checkpoint's note. `extra` is opaque and vouched for by nobody until compared with the leaf.
 */
export class LogProof {
  private constructor(
    readonly index: bigint,
    readonly hashes: readonly Uint8Array[],
    readonly checkpoint: Note,
    readonly extra: Uint8Array | null,
  ) {}

  /** Throws EncodingError for everything that is not a proof in its one form. */
  static parse(data: Uint8Array): LogProof {
    if (data.length > MAXIMUM_BYTES) {
      throw new EncodingError("a log proof of more than 2,000,000 bytes");
    }
    const blank = data.findIndex((byte, i) => byte === 0x0a && data[i + 1] === 0x0a);
    const head = data.subarray(0, Math.max(blank, 0));
    if (head.some((byte) => byte >= 0x80)) {
      throw new EncodingError("a log proof starts with lines of ASCII");
    }
    const lines = decodeUtf8(head, "a log proof").split("\n");
    if (blank < 0 || lines.shift() !== HEADER) {
      throw new EncodingError(`a log proof starts with the line ${HEADER}`);
    }
    const extra = takeLine(lines, "extra ");
    const index = takeLine(lines, "index ");
    if (index === null) throw new EncodingError("a log proof has a line with the index");
    const hashes = lines.map(decodeBase64);
    if (hashes.length > MAXIMUM_HASHES || hashes.some((hash) => hash.length !== HASH_BYTES)) {
      throw new EncodingError("an inclusion proof is at most 63 hashes of 32 bytes");
    }
    const note = Note.parse(data.subarray(blank + 2));
    parseCheckpoint(note.text);
    const opened = extra === null ? null : decodeBase64(extra);
    return new LogProof(decodeDecimal(index), hashes, note, opened);
  }

  /**
   * Checks that `entry` (its bytes) is number `index` of the log, and returns the checkpoint.
   *
   * 1. The log signed the checkpoint, and its origin is the log's.
   * 2. At least `required` of `witnesses` cosigned it, none of those before `notBefore`.
   * 3. The inclusion proof leads from the entry to the checkpoint's root.
   *
   * Throws VerificationError(checkId, where, …). Nothing is said of `extra`.
   */
  verify(
    entry: Uint8Array,
    policy: LogPolicy,
    notBefore: bigint,
    checkId: string,
    where: string,
  ): Checkpoint {
    const { log, witnesses, required } = policy;
    const checkpoint = openCheckpoint(this.checkpoint, log, checkId, where);
    verifyCosignatures(this.checkpoint, witnesses, required, notBefore, checkId, where);
    const { size, root } = checkpoint;
    verifyInclusion(leafHash(entry), this.index, size, this.hashes, root, checkId, where);
    return checkpoint;
  }
}

/** What follows `label` in the first line, which is then taken away; null if it is another line. */
function takeLine(lines: string[], label: string): string | null {
  if (!lines[0]?.startsWith(label)) return null;
  return lines.shift()!.slice(label.length);
}
