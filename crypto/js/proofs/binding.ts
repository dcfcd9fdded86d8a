/**
 * What the proofs of a ballot are bound to, and where a ballot's randomness comes from
 * (docs/specification.md section 4).
 */

import type { Tree } from "../byte_tree.js";
import { integer, leafStr } from "../byte_tree.js";
import type { Ciphertext } from "../elgamal.js";
import { EncodingError } from "../errors.js";
import type { Group, Scalar } from "../groups/index.js";
import { hashTree, PRG } from "../random_oracle.js";

export const SEED_BYTES = 32;

/** Between which numbers a sum lies: (L_0, L). */
export type Total = readonly [least: number, most: number];

/** voter = H(node(leaf(E), leaf(roll identifier))); never logged or published. */
export function voterDigest(E: Uint8Array, identifier: string): Uint8Array {
  return hashTree([bytes32(E), leafStr(identifier)]);
}

export interface BallotContext {
  readonly E: Uint8Array;
  readonly style: string;
  readonly contest: string;
  readonly voter: Uint8Array;
  readonly pgroup: string;
  readonly N: number;
  readonly s: number;
  readonly total: Total | null;
}

/**
 * ρ_b = H(node(leaf("sukashi-ballot-1"), leaf(E), leaf(style), leaf(contest), leaf(voter),
 * leaf(pgroup), leaf("SHA-256"), int(N), int(s))); with a total, int(L_0) and int(L) are two
 * children more.
 */
export function ballotPrefix(of: BallotContext): Uint8Array {
  return hashTree([
    leafStr("sukashi-ballot-1"),
    bytes32(of.E),
    leafStr(of.style),
    leafStr(of.contest),
    bytes32(of.voter),
    leafStr(of.pgroup),
    leafStr("SHA-256"),
    integer(of.N),
    integer(of.s),
    ...(of.total ?? []).map(integer),
  ]);
}

/**
 * r_i = PRG(H(node(leaf("sukashi/r"), leaf(seed), leaf(E), leaf(contest), int(i)))), mod q.
 * `seed`: 32 secret bytes, used for one ballot only.
 */
export function ballotRandomness(
  group: Group,
  seed: Uint8Array,
  E: Uint8Array,
  contest: string,
  i: number,
): Scalar {
  const tree = [leafStr("sukashi/r"), bytes32(seed), bytes32(E), leafStr(contest), integer(i)];
  return group.prgScalar(new PRG(hashTree(tree)));
}

/**
 * PRG(H(node(leaf("sukashi/nonce"), leaf(fresh), leaf(seed), leaf(ρ_b), C,
 * node(int(m_0), int(m_1), …)))): all randomness of one proof but the r_i.
 *
 * `fresh`: 32 bytes from the system's generator, never stored or shown. Because the whole statement
 * is hashed in, a generator that repeats itself does not repeat a nonce.
 */
export function noncePrg(
  fresh: Uint8Array,
  seed: Uint8Array,
  rhoB: Uint8Array,
  c: readonly Ciphertext[],
  m: readonly number[],
): PRG {
  return new PRG(
    hashTree([
      leafStr("sukashi/nonce"),
      bytes32(fresh),
      bytes32(seed),
      bytes32(rhoB),
      ciphertextsTree(c),
      m.map(integer),
    ]),
  );
}

/** C: a node per selection of node(u, v). */
export function ciphertextsTree(c: readonly Ciphertext[]): Tree {
  return c.map((ciphertext) => ciphertext.tree());
}

function bytes32(value: Uint8Array): Uint8Array {
  if (value.length !== SEED_BYTES) throw new EncodingError("a digest or a seed has 32 bytes");
  return value;
}
