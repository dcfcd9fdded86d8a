/**
 * Ed25519 public keys of the parties. Here: checking signatures. A voter's client signs nothing
 * with such a key, so there is no secret one.
 */

import { ed25519 } from "@noble/curves/ed25519.js";
import { sha512 } from "@noble/hashes/sha2.js";

import { encode, leafStr } from "./byte_tree.js";
import { concatBytes, decodeInteger, encodeHex, equalBytes } from "./bytes.js";
import { EncodingError, VerificationError } from "./errors.js";
import { hashBytes } from "./random_oracle.js";

export const SIGNATURE_BYTES = 64;
export const KEY_BYTES = 32;
const DOMAIN = "sukashi-signature-1";

export class PublicKey {
  /** Throws EncodingError unless `raw` has 32 bytes; whether they are a point, `verifyText` says. */
  constructor(readonly raw: Uint8Array) {
    if (raw.length !== KEY_BYTES) throw new EncodingError("a public key has 32 bytes");
  }

  get hex(): string {
    return encodeHex(this.raw);
  }

  equals(other: PublicKey): boolean {
    return equalBytes(this.raw, other.raw);
  }

  /**
   * Checks a signature over exactly these bytes. Throws VerificationError(checkId, where, …).
   *
   * RFC 8032 leaves open what no honest signer makes. So that nobody can make a signature that
   * holds here and not there, this is what libsodium does:
   * 1. A and R are canonical points, neither of small order, and s < L.
   * 2. s·B − H(R ‖ A ‖ text)·A, without the cofactor, has the encoding R.
   */
  verifyText(signature: Uint8Array, text: Uint8Array, checkId: string, where: string): void {
    if (signature.length !== SIGNATURE_BYTES) {
      throw new VerificationError(checkId, where, "an Ed25519 signature has 64 bytes");
    }
    if (!isSignature(this.raw, signature.slice(0, 32), signature.slice(32), text)) {
      const why = `the signature is not by the key ${this.hex}, or the text was changed`;
      throw new VerificationError(checkId, where, why);
    }
  }
}

/**
 * The bytes that a party signs: node(leaf("sukashi-signature-1"), leaf(purpose), leaf(context),
 * leaf(H(document))). `purpose` is the schema of the message, `context` E.
 */
export function statement(purpose: string, context: Uint8Array, document: Uint8Array): Uint8Array {
  if (context.length !== 32) throw new EncodingError("the context of a signature is E");
  const tree = [leafStr(DOMAIN), leafStr(purpose), context, hashBytes(document)];
  return encode(tree);
}

/** All of it is public, so the time may depend on it. */
function isSignature(A: Uint8Array, R: Uint8Array, s: Uint8Array, text: Uint8Array): boolean {
  const { Point } = ed25519;
  const [a, r] = [canonicalPoint(A), canonicalPoint(R)];
  const ofBase = decodeInteger(s.slice().reverse());
  if (a === null || r === null || ofBase >= Point.Fn.ORDER) return false;
  const h = decodeInteger(sha512(concatBytes(R, A, text)).reverse()) % Point.Fn.ORDER;
  const sum = Point.BASE.multiplyUnsafe(ofBase).subtract(a.multiplyUnsafe(h));
  return equalBytes(sum.toBytes(), R);
}

/** The point that these bytes encode and that is not of small order; otherwise null. */
function canonicalPoint(data: Uint8Array): typeof ed25519.Point.BASE | null {
  let point: typeof ed25519.Point.BASE;
  try {
    point = ed25519.Point.fromBytes(data); // refuses y ≥ p, and x = 0 with a sign
  } catch {
    return null;
  }
  return point.isSmallOrder() ? null : point;
}
