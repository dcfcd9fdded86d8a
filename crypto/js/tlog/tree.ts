/**
 * The Merkle tree of RFC 6962 (and RFC 9162) over SHA-256: hashes, and checks of proofs.
 *
 * Sizes and indices are BigInt: the formats allow them up to 2^63 − 1.
 */

import { equalBytes } from "../bytes.js";
import { VerificationError } from "../errors.js";
import { hashBytes } from "../random_oracle.js";

export const HASH_BYTES = 32;
const EMPTY_ROOT = hashBytes();

/** MTH({d}) = H(0x00 ‖ d) (RFC 6962 §2.1). */
export function leafHash(entry: Uint8Array): Uint8Array {
  return hashBytes(Uint8Array.of(0), entry);
}

/** H(0x01 ‖ left ‖ right) (RFC 6962 §2.1). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return hashBytes(Uint8Array.of(1), left, right);
}

/**
 * Checks that `leaf` (a leaf hash) is number `index` of the tree of `size` leaves with `root`
 * (RFC 9162 §2.1.3.2).
 *
 * Throws VerificationError(checkId, where, …). The caller must still know that `size` and `root`
 * come from a checkpoint it trusts.
 */
export function verifyInclusion(
  leaf: Uint8Array,
  index: bigint,
  size: bigint,
  proof: readonly Uint8Array[],
  root: Uint8Array,
  checkId: string,
  where: string,
): void {
  checkHashes([leaf, root, ...proof], checkId, where);
  if (!(index >= 0n && index < size)) {
    throw new VerificationError(checkId, where, `a tree of ${size} leaves has no leaf ${index}`);
  }
  const sides = sidesOf(index, size - 1n);
  checkLength(proof, sides.length, "inclusion", checkId, where);
  const r = proof.reduce((r, p, i) => (sides[i] ? nodeHash(p, r) : nodeHash(r, p)), leaf);
  if (!equalBytes(r, root)) {
    const why = `entry ${index} is not in the tree of size ${size} that the root stands for`;
    throw new VerificationError(checkId, where, why);
  }
}

/**
 * Checks that the new tree only appended to the old one (RFC 9162 §2.1.4.2, with the empty old tree
 * allowed; its proof is empty). Throws VerificationError(checkId, where, …).
 */
export function verifyConsistency(
  oldSize: bigint,
  oldRoot: Uint8Array,
  newSize: bigint,
  newRoot: Uint8Array,
  proof: readonly Uint8Array[],
  checkId: string,
  where: string,
): void {
  checkHashes([oldRoot, newRoot, ...proof], checkId, where);
  if (!(oldSize >= 0n && oldSize <= newSize)) {
    throw new VerificationError(checkId, where, `the log shrank from ${oldSize} to ${newSize}`);
  }
  if (oldSize === 0n || oldSize === newSize) {
    checkLength(proof, 0, "consistency", checkId, where);
    if (!equalBytes(oldRoot, oldSize === 0n ? EMPTY_ROOT : newRoot)) {
      throw new VerificationError(checkId, where, `two roots of one size ${oldSize}: a fork`);
    }
    return;
  }
  let fn = oldSize - 1n;
  let sn = newSize - 1n;
  while (fn % 2n === 1n) [fn, sn] = [fn >> 1n, sn >> 1n];
  // An old tree of 2^k leaves is itself a subtree of the new one: its root is not sent.
  const sent = (oldSize & (oldSize - 1n)) === 0n ? [oldRoot, ...proof] : [...proof];
  const sides = sidesOf(fn, sn);
  checkLength(sent, 1 + sides.length, "consistency", checkId, where);
  const [first, ...rest] = sent as [Uint8Array, ...Uint8Array[]];
  let [fr, sr] = [first, first];
  for (const [i, c] of rest.entries()) {
    if (sides[i]) fr = nodeHash(c, fr);
    sr = sides[i] ? nodeHash(c, sr) : nodeHash(sr, c);
  }
  if (!equalBytes(fr, oldRoot) || !equalBytes(sr, newRoot)) {
    const why = `the tree of size ${newSize} does not extend the tree of size ${oldSize}`;
    throw new VerificationError(checkId, where, why);
  }
}

/**
 * For each hash of a proof, from the leaf up, whether it stands to the left of the path. `fn` and
 * `sn`: the numbers of the node and of the last node of its level (RFC 9162 §2.1.3.2).
 */
function sidesOf(fn: bigint, sn: bigint): boolean[] {
  const sides: boolean[] = [];
  while (sn > 0n) {
    const left = fn % 2n === 1n || fn === sn;
    sides.push(left);
    while (left && fn % 2n === 0n && fn > 0n) [fn, sn] = [fn >> 1n, sn >> 1n];
    [fn, sn] = [fn >> 1n, sn >> 1n];
  }
  return sides;
}

function checkLength(
  proof: readonly Uint8Array[],
  length: number,
  kind: string,
  checkId: string,
  where: string,
): void {
  if (proof.length === length) return;
  const how = proof.length > length ? "long" : "short";
  throw new VerificationError(checkId, where, `the ${kind} proof is too ${how}`);
}

function checkHashes(hashes: readonly Uint8Array[], checkId: string, where: string): void {
  if (hashes.some((hash) => hash.length !== HASH_BYTES)) {
    throw new VerificationError(checkId, where, "a hash of the tree has 32 bytes");
  }
}
