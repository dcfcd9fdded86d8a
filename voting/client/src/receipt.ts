/**
 * What the page checks of the log: the checkpoint that it signs into a ballot, and the receipt, before
 * which nothing says done (docs/specification.md section 8).
 */

import { encodeHex } from "../../../crypto/js/bytes.js";
import { EncodingError, VerificationError } from "../../../crypto/js/errors.js";
import { hashBytes } from "../../../crypto/js/random_oracle.js";
import type { Checkpoint } from "../../../crypto/js/tlog/checkpoint.js";
import { openCheckpoint } from "../../../crypto/js/tlog/checkpoint.js";
import { verifyCosignatures } from "../../../crypto/js/tlog/cosignature.js";
import { Note } from "../../../crypto/js/tlog/note.js";
import type { LogPolicy } from "../../../crypto/js/tlog/proof.js";
import { LogProof } from "../../../crypto/js/tlog/proof.js";
import { DIGEST, membersOf, parseCanonical, TIME, textOf, wholeOf } from "./canonical.js";
import { secondsOf } from "./times.js";

const EARLY_SECONDS = 300n; // by so much a witness's clock may be behind the log's
const MEMBERS = ["kind", "sequence", "time", "previous", "container", "qualification"] as const;

/** Size and root (hex) of the log that the page saw just before signing. */
export interface Anchor {
  readonly size: number;
  readonly root: string;
}

/** A checked receipt of a ballot: its place in the log, and the log that vouches for it. */
export interface Receipt {
  /** What the voter keeps, as it came. */
  readonly data: Uint8Array;
  readonly sequence: number;
  readonly time: string;
  /** H(container), hex. */
  readonly container: string;
  readonly checkpoint: Checkpoint;
}

/**
 * The anchor in a checkpoint that the log signed and enough witnesses cosigned.
 *
 * Throws VerificationError or EncodingError for any other.
 */
export function openAnchor(data: Uint8Array, policy: LogPolicy): Anchor {
  const note = Note.parse(data);
  const { size, root } = openCheckpoint(note, policy.log, "cast.anchor", "checkpoint");
  const { witnesses, required } = policy;
  verifyCosignatures(note, witnesses, required, 0n, "cast.anchor", "checkpoint");
  return { size: Number(size), root: encodeHex(root) };
}

/**
 * The receipt, if it shows that exactly this container stands in the log, and that enough witnesses
 * have seen that log.
 *
 * 1. The entry in it is of kind `ballot`, and its sequence number is the index.
 * 2. The log signed the checkpoint, whose origin is this election's.
 * 3. As many witnesses as required cosigned it, none of them more than 300 seconds before the entry.
 * 4. The inclusion proof leads from the entry to the checkpoint's root.
 * 5. The entry's digest is H(container), of the bytes that were sent.
 *
 * `policy` comes from the manifest. Throws VerificationError("receipt", …).
 */
export function checkReceipt(data: Uint8Array, container: Uint8Array, policy: LogPolicy): Receipt {
  const receipt = openReceipt(data, policy);
  if (receipt.container !== encodeHex(hashBytes(container))) {
    throw new VerificationError("receipt", "receipt", "it is the receipt of another ballot");
  }
  return receipt;
}

/** The receipt of a ballot that stands in the log, whoever's it is: 1 to 4 of `checkReceipt`. */
export function openReceipt(data: Uint8Array, policy: LogPolicy): Receipt {
  try {
    const proof = LogProof.parse(data);
    const entry = proof.extra ?? new Uint8Array(0);
    const { sequence, time, container } = parseEntry(entry);
    if (BigInt(sequence) !== proof.index) throw new EncodingError("its entry is another one");
    const notBefore = BigInt(secondsOf(time)) - EARLY_SECONDS;
    const checkpoint = proof.verify(entry, policy, notBefore, "receipt", "receipt");
    return { data, sequence, time, container, checkpoint };
  } catch (fault) {
    if (!(fault instanceof EncodingError)) throw fault;
    throw new VerificationError("receipt", "receipt", fault.message);
  }
}

function parseEntry(data: Uint8Array): { sequence: number; time: string; container: string } {
  const entry = membersOf(parseCanonical(data, "the entry"), MEMBERS, "the entry");
  textOf(entry.kind, "kind", /^ballot$/);
  textOf(entry.previous, "previous", DIGEST);
  textOf(entry.qualification, "qualification", DIGEST);
  return {
    sequence: wholeOf(entry.sequence, 0, "sequence"),
    time: textOf(entry.time, "time", TIME),
    container: textOf(entry.container, "container", DIGEST),
  };
}
