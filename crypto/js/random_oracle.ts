/**
 * The hash function, the pseudo-random generator, the random oracle and the transcript.
 *
 * Every challenge is made by `Transcript`; nothing else calls a hash for that purpose. Follows
 * Verificatum 3.1 (docs/specification.md section 3) with SHA-256, the one hash of our elections.
 */

import { sha256 } from "@noble/hashes/sha2.js";
import type { Tree } from "./byte_tree.js";
import * as byteTree from "./byte_tree.js";
import { concatBytes, decodeInteger, encodeInteger } from "./bytes.js";

export const DIGEST_BYTES = 32;

/** H(data), of the pieces one after the other. */
export function hashBytes(...data: Uint8Array[]): Uint8Array {
  return sha256(concatBytes(...data));
}

/** H of the tree's encoding. */
export function hashTree(tree: Tree): Uint8Array {
  return hashBytes(byteTree.encode(tree));
}

/**
 * The stream H(seed ‖ 0) ‖ H(seed ‖ 1) ‖ …, counters of 4 bytes big-endian.
 *
 * `seed` is one digest long, otherwise RangeError. Reads continue where the last one ended.
 */
export class PRG {
  readonly #seed: Uint8Array;
  #counter = 0n;
  #rest = new Uint8Array(0);

  constructor(seed: Uint8Array) {
    if (seed.length !== DIGEST_BYTES) throw new RangeError(`a seed has ${DIGEST_BYTES} bytes`);
    this.#seed = seed.slice();
  }

  /** The next `n` bytes of the stream. */
  read(n: number): Uint8Array {
    const blocks: Uint8Array[] = [this.#rest];
    for (let have = this.#rest.length; have < n; have += DIGEST_BYTES) {
      blocks.push(hashBytes(this.#seed, encodeInteger(this.#counter, 4)));
      this.#counter += 1n;
    }
    const stream = concatBytes(...blocks);
    this.#rest = stream.slice(n);
    return stream.slice(0, n);
  }
}

/** RO_n(data): ⌈n/8⌉ bytes of PRG(H(int32(n) ‖ data)), surplus top bits cleared. */
export function randomOracle(nBits: number, ...data: Uint8Array[]): Uint8Array {
  const seed = hashBytes(encodeInteger(BigInt(nBits), 4), ...data);
  const output = new PRG(seed).read(Math.ceil(nBits / 8));
  if (nBits % 8 !== 0) output[0]! &= (1 << (nBits % 8)) - 1;
  return output;
}

/**
 * Makes the challenges of one proof: RO_n(ρ ‖ tree), ρ raw.
 *
 * `rho` binds the proof to its context; the caller must have put all of that into it. `tree` must
 * hold the whole statement and every commitment.
 */
export class Transcript {
  constructor(readonly rho: Uint8Array) {}

  /** The challenge as an integer in 0 … 2^n − 1. */
  challenge(nBits: number, tree: Tree): bigint {
    return decodeInteger(randomOracle(nBits, this.rho, byteTree.encode(tree)));
  }
}
