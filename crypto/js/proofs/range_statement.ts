/**
 * Range proof of a contest: what is proven, and how contest and proof are encoded
 * (docs/specification.md section 4, whose symbols stand here).
 *
 * Here: statement, weights, proof, challenge and byte trees. Not here: prover and verifier
 * (range.ts), ρ_b and where randomness comes from (binding.ts), what the numbers mean.
 *
 * | symbol | meaning |
 * |---|---|
 * | s, N, M = N − 1 | selections of the contest, each a number 0 … M; 2 ≤ N ≤ 65536 |
 * | L_0, L | `total`: where given, Σ m_i lies in L_0 … L |
 * | k = bitlen(M), w_j | bits of a number, and their weights: Σ_j w_j b_j takes exactly 0 … M |
 * | c_i = (u_i, v_i) | selection i: (g^{r_i}, g^{m_i} y^{r_i}) |
 * | D_{i,j} = (d1, d2) | bit j of selection i: (g^{r_{i,j}}, g^{b_{i,j}} y^{r_{i,j}}) |
 * | a_β, e_β; v_β, z_β | commitments, challenge parts and replies of branch β ("the bit is β") |
 *
 * With a total there is one number more, i = s: m_s = Σ m_i − L_0, which lies in 0 … L − L_0, with
 * N_s = L − L_0 + 1 and its own k_s and weights. Its ciphertext c_s = ∏ c_i / (1, g^{L_0}) is
 * computed, not sent; its bits join D and T before the one challenge.
 */

import type { Tree } from "../byte_tree.js";
import { children } from "../byte_tree.js";
import { Ciphertext, type PublicKey } from "../elgamal.js";
import { EncodingError } from "../errors.js";
import type { Element, Group, Scalar } from "../groups/index.js";
import { Transcript } from "../random_oracle.js";
import type { Total } from "./binding.js";
import { ciphertextsTree } from "./binding.js";

const CHALLENGE_BITS = 256;
const MAXIMUM_N = 65536;

/**
 * What is proven: s ciphertexts under `key` of numbers below N, bound to ρ_b; with `total`, their
 * sum lies in L_0 … L.
 */
export class RangeStatement {
  /**
   * The weights of the bits of each number, the sum last: w_j = ⌊(M + 2^j) / 2^{j+1}⌋ for
   * j = 0 … k − 1; the last is 1, their sum is M.
   */
  readonly w: readonly (readonly number[])[];

  /** Throws EncodingError unless 2 ≤ N ≤ 65536, s ≥ 1 and 0 ≤ L_0 < L ≤ s·M. */
  constructor(
    readonly key: PublicKey,
    readonly N: number,
    readonly s: number,
    readonly rhoB: Uint8Array,
    readonly total: Total | null,
  ) {
    if (!(Number.isInteger(N) && N >= 2 && N <= MAXIMUM_N)) {
      throw new EncodingError(`a contest has 2 … ${MAXIMUM_N} choices, not ${N}`);
    }
    if (!(Number.isInteger(s) && s >= 1)) {
      throw new EncodingError("a contest has at least one selection");
    }
    if (total !== null) {
      const [least, most] = total;
      const whole = Number.isInteger(least) && Number.isInteger(most);
      const ordered = least >= 0 && least < most && most <= s * (N - 1);
      if (!(whole && ordered && most - least < MAXIMUM_N)) {
        throw new EncodingError(`${s} selections cannot have a sum of ${least} … ${most}`);
      }
    }
    this.w = bitLengths(N, s, total).map(([size, k]) =>
      Array.from({ length: k }, (_, j) => Math.floor((size - 1 + 2 ** j) / 2 ** (j + 1))),
    );
  }

  get group(): Group {
    return this.key.group;
  }

  /** The selections, and what their sum exceeds L_0 by. */
  numbers(m: readonly number[]): number[] {
    if (this.total === null) return [...m];
    return [...m, m.reduce((sum, m_i) => sum + m_i, 0) - this.total[0]];
  }

  /** The r_i, and with a total their sum. */
  randomness(r: readonly Scalar[]): Scalar[] {
    if (this.total === null) return [...r];
    return [...r, r.reduce((sum, r_i) => sum.plus(r_i))];
  }

  /** The c_i, and with a total c_s. */
  proven(c: readonly Ciphertext[]): Ciphertext[] {
    if (this.total === null) return [...c];
    const product = c.reduce((all, c_i) => all.times(c_i));
    const least = this.key.g.power(this.group.scalar(this.total[0]));
    return [...c, new Ciphertext(product.u, product.v.over(least))];
  }
}

/** N_i and k_i of every number that is proven, the sum last. */
function bitLengths(N: number, s: number, total: Total | null): [size: number, k: number][] {
  const sizes = new Array<number>(s).fill(N);
  if (total !== null) sizes.push(total[1] - total[0] + 1);
  return sizes.map((size) => [size, (size - 1).toString(2).length]);
}

/** What is sent for one bit of a number: commitments, the challenge part v_0, replies. */
export interface BitProof {
  readonly a0: Element;
  readonly e0: Element;
  readonly a1: Element;
  readonly e1: Element;
  readonly v0: Scalar;
  readonly z0: Scalar;
  readonly z1: Scalar;
}

/** The four commitments of a bit, T's part of it. */
export type BitCommitment = Pick<BitProof, "a0" | "e0" | "a1" | "e1">;

/** A proof: for each number, its bits; `D[i]` has one ciphertext less, since D_{i,k−1} is not sent. */
export interface RangeProof {
  readonly D: readonly (readonly Ciphertext[])[];
  readonly bits: readonly (readonly BitProof[])[];
}

/** One contest of a ballot as it is sent: byte tree node(C, D, T, S). */
export class EncryptedContest {
  constructor(
    readonly ciphertexts: readonly Ciphertext[],
    readonly proof: RangeProof,
  ) {}

  tree(): Tree {
    const { D, bits } = this.proof;
    const S = bits.map((row) => row.map(({ v0, z0, z1 }) => [v0.tree(), z0.tree(), z1.tree()]));
    return [ciphertextsTree(this.ciphertexts), dTree(D), tTree(bits), S];
  }

  /**
   * The contest in node(C, D, T, S); N, s and the total from the manifest.
   *
   * Throws EncodingError for any other shape, for elements that are not canonical members of the
   * group, for the identity in C and D, and for scalars ≥ q.
   */
  static decode(
    group: Group,
    tree: Tree,
    N: number,
    s: number,
    total: Total | null,
  ): EncryptedContest {
    const k = bitLengths(N, s, total).map(([, k_i]) => k_i);
    const [C, D, T, S] = children(tree, 4, "contest");
    const ciphertexts = children(C!, s, "C").map((c) => Ciphertext.decode(group, c, "C"));
    const sent = rows(
      D!,
      k.map((k_i) => k_i - 1),
      "D",
    ).map((row) => row.map((d) => Ciphertext.decode(group, d, "D")));
    const replies = rows(S!, k, "S");
    const bits = rows(T!, k, "T").map((row, i) =>
      row.map((commitment, j) => decodeBit(group, commitment, replies[i]![j]!)),
    );
    return new EncryptedContest(ciphertexts, { D: sent, bits });
  }
}

function decodeBit(group: Group, commitment: Tree, reply: Tree): BitProof {
  const elements = children(commitment, 4, "T").map((part) => group.decodeElement(part, true));
  const scalars = children(reply, 3, "S").map((part) => group.decodeScalar(part));
  const [a0, e0, a1, e1] = elements as [Element, Element, Element, Element];
  const [v0, z0, z1] = scalars as [Scalar, Scalar, Scalar];
  return { a0, e0, a1, e1, v0, z0, z1 };
}

/** v = RO_256(ρ_b ‖ node(node(g, y), C, D, T)) mod q (step 5). */
export function challenge(
  statement: RangeStatement,
  c: readonly Ciphertext[],
  D: readonly (readonly Ciphertext[])[],
  bits: readonly (readonly BitCommitment[])[],
): Scalar {
  const tree = [statement.key.tree(), ciphertextsTree(c), dTree(D), tTree(bits)];
  return statement.group.scalar(new Transcript(statement.rhoB).challenge(CHALLENGE_BITS, tree));
}

/** D: a node per number of a node per j < k − 1 of node(d1, d2). */
function dTree(D: readonly (readonly Ciphertext[])[]): Tree {
  return D.map(ciphertextsTree);
}

/** T: a node per number of a node per j of node(a_0, e_0, a_1, e_1). */
function tTree(bits: readonly (readonly BitCommitment[])[]): Tree {
  return bits.map((row) => row.map(({ a0, e0, a1, e1 }) => [a0, e0, a1, e1].map((a) => a.tree())));
}

/** The entries of the nodes that `tree` consists of, `lengths` of them. Throws EncodingError. */
function rows(tree: Tree, lengths: readonly number[], what: string): (readonly Tree[])[] {
  return children(tree, lengths.length, what).map((row, i) => children(row, lengths[i]!, what));
}
