/**
 * Range proof of a contest: every ciphertext encrypts g^m with 0 ≤ m ≤ M = N − 1, and the voter
 * knows m and the randomness (docs/specification.md section 4; the symbols are explained in
 * range_statement.ts).
 *
 * Here: prover and verifier of one contest. Not here: many contests at once, which only a collector
 * has.
 */

import type { Ciphertext, PublicKey } from "../elgamal.js";
import { VerificationError } from "../errors.js";
import type { Scalar } from "../groups/index.js";
import type { PRG } from "../random_oracle.js";
import type { Steps } from "../steps.js";
import type { BitCommitment, BitProof, RangeProof, RangeStatement } from "./range_statement.js";
import { challenge } from "./range_statement.js";

/** c_i = (g^{r_i}, g^{m_i} y^{r_i}); a step per selection. */
export function* encrypt(
  key: PublicKey,
  m: readonly number[],
  r: readonly Scalar[],
): Steps<Ciphertext[]> {
  if (m.length !== r.length) throw new RangeError("a selection has one randomness");
  const ciphertexts: Ciphertext[] = [];
  for (const [i, m_i] of m.entries()) {
    ciphertexts.push(key.encrypt(key.group.scalar(m_i), r[i]!));
    yield;
  }
  return ciphertexts;
}

/** What the prover alone knows of one bit. */
interface SecretBit {
  readonly b: Scalar;
  readonly notB: Scalar;
  readonly r: Scalar;
  readonly vSimulated: Scalar;
  readonly z0Drawn: Scalar;
  readonly z1Drawn: Scalar;
}

/**
 * Proves that `c`, made by `encrypt(statement.key, m, r)`, encrypts numbers in 0 … M; a step per
 * bit.
 *
 * `prg` comes from `noncePrg` and is used for this proof only. Throws RangeError for a number of
 * selections other than s and for one outside the range, or a sum; the text does not say which.
 *
 * Bits are 0 or 1 in Z_q and both branches are computed by the same operations: for the true one
 * the simulated challenge is multiplied by 0, for the false one by 1. No index and no branch here
 * depends on a selection.
 */
export function* prove(
  statement: RangeStatement,
  c: readonly Ciphertext[],
  m: readonly number[],
  r: readonly Scalar[],
  prg: PRG,
): Steps<RangeProof> {
  const { key, w, s } = statement;
  const { g, y } = key;
  if (c.length !== s || m.length !== s || r.length !== s) {
    throw new RangeError(`${s} selections were expected`);
  }
  const numbers = statement.numbers(m);
  const inRange = (m_i: number, i: number): boolean =>
    Number.isInteger(m_i) && m_i >= 0 && m_i <= w[i]!.reduce((sum, w_j) => sum + w_j);
  if (!numbers.every(inRange)) {
    throw new RangeError("a selection or their sum is outside its range");
  }
  // 1. Bits, their encryptions, and what the last one's randomness must be.
  const secrets = secretBits(statement, numbers, statement.randomness(r), prg);
  const D: Ciphertext[][] = [];
  for (const bits of secrets) {
    const sent: Ciphertext[] = [];
    for (const bit of bits.slice(0, -1)) {
      sent.push(key.encrypt(bit.b, bit.r));
      yield;
    }
    D.push(sent);
  }
  // 2. Commitments: a_β = g^{z'_β} d1^{−v'_β}, e_β = y^{z'_β} (d2 g^{−β})^{−v'_β}, written in the
  // bases g and y, with v'_β = 0 in the true branch, where z'_β is the nonce ω.
  const T: BitCommitment[][] = [];
  for (const bits of secrets) {
    const commitments: BitCommitment[] = [];
    for (const bit of bits) {
      const [v0, v1] = [bit.vSimulated.times(bit.b), bit.vSimulated.times(bit.notB)];
      const tau0 = bit.z0Drawn.minus(v0.times(bit.r));
      const tau1 = bit.z1Drawn.minus(v1.times(bit.r));
      commitments.push({
        a0: g.power(tau0),
        e0: y.power(tau0).times(g.power(v0.negate())),
        a1: g.power(tau1),
        e1: y.power(tau1).times(g.power(v1)),
      });
      yield;
    }
    T.push(commitments);
  }
  // 3. One challenge for the whole contest; the true branch takes what the false one leaves.
  const v = challenge(statement, c, D, T);
  const reply = (bit: SecretBit, commitment: BitCommitment): BitProof => {
    const left = v.minus(bit.vSimulated);
    return {
      ...commitment,
      v0: bit.vSimulated.times(bit.b).plus(bit.notB.times(left)),
      z0: bit.z0Drawn.plus(bit.notB.times(left).times(bit.r)),
      z1: bit.z1Drawn.plus(bit.b.times(left).times(bit.r)),
    };
  };
  return { D, bits: secrets.map((bits, i) => bits.map((bit, j) => reply(bit, T[i]![j]!))) };
}

/** The bits of each number with r_{i,j} as drawn and r_{i,k−1} = r_i − Σ_{j<k−1} w_j r_{i,j}. */
function secretBits(
  statement: RangeStatement,
  numbers: readonly number[],
  randomness: readonly Scalar[],
  prg: PRG,
): SecretBit[][] {
  const { group, w } = statement;
  const one = group.scalar(1);
  const draw = (lengths: readonly number[]): Scalar[][] =>
    lengths.map((n) => Array.from({ length: n }, () => group.prgScalar(prg)));
  const k = w.map((w_i) => w_i.length);
  const r = draw(k.map((k_i) => k_i - 1));
  const vSimulated = draw(k);
  const z0Drawn = draw(k);
  const z1Drawn = draw(k);
  return w.map((w_i, i) => {
    const last = r[i]!.reduce(
      (rest, r_j, j) => rest.minus(r_j.times(group.scalar(w_i[j]!))),
      randomness[i]!,
    );
    const own = [...r[i]!, last];
    return bitsOf(numbers[i]!, w_i).map((bit, j) => {
      const b = group.scalar(bit);
      return {
        b,
        notB: one.minus(b),
        r: own[j]!,
        vSimulated: vSimulated[i]![j]!,
        z0Drawn: z0Drawn[i]![j]!,
        z1Drawn: z1Drawn[i]![j]!,
      };
    });
  });
}

/** b_j with m = Σ w_j b_j: each weight is taken as soon as it fits. */
function bitsOf(m: number, w: readonly number[]): number[] {
  let rest = m;
  return w.map((w_j) => {
    const bit = 1 + ((rest - w_j) >> 31); // the shift gives −1 for a negative difference, else 0
    rest -= bit * w_j;
    return bit;
  });
}

/**
 * Checks one contest; a step per bit.
 *
 * 1. How many selections and bits; no identity in C and D.
 * 2. v recomputed over the whole statement and all commitments; v_1 = v − v_0.
 * 3. For every bit and β: a_β d1^{v_β} = g^{z_β} and e_β (d2 g^{−β})^{v_β} = y^{z_β}.
 *
 * Throws VerificationError(checkId, where, …) naming selection and bit. The caller must have made
 * the statement from manifest, roll and certificate, and decoded ciphertexts and proof with
 * `EncryptedContest.decode`.
 */
export function* verify(
  statement: RangeStatement,
  c: readonly Ciphertext[],
  proof: RangeProof,
  checkId: string,
  where: string,
): Steps<void> {
  const { key, w, s } = statement;
  const { g, y } = key;
  if (c.length !== s) throw new VerificationError(checkId, where, `not ${s} selections`);
  const fits = (rows: readonly (readonly unknown[])[], less: number): boolean =>
    rows.length === w.length && rows.every((row, i) => row.length === w[i]!.length - less);
  if (!fits(proof.bits, 0) || !fits(proof.D, 1)) {
    throw new VerificationError(checkId, where, "not as many bits as the numbers have");
  }
  if ([...c, ...proof.D.flat()].some((ciphertext) => ciphertext.hasIdentity)) {
    throw new VerificationError(checkId, where, "the identity in a ciphertext");
  }
  const v = challenge(statement, c, proof.D, proof.bits);
  for (const [i, c_i] of statement.proven(c).entries()) {
    const sent = proof.D[i]!;
    const last = sent.reduce(
      (rest, D_j, j) => rest.over(D_j.power(statement.group.scalar(w[i]![j]!))),
      c_i,
    );
    for (const [j, { u: d1, v: d2 }] of [...sent, last].entries()) {
      const { a0, e0, a1, e1, v0, z0, z1 } = proof.bits[i]![j]!;
      const v1 = v.minus(v0);
      const holds =
        a0.times(d1.power(v0)).equals(g.power(z0)) &&
        e0.times(d2.power(v0)).equals(y.power(z0)) &&
        a1.times(d1.power(v1)).equals(g.power(z1)) &&
        e1.times(d2.over(g).power(v1)).equals(y.power(z1));
      if (!holds) {
        const place = `${where} ${i === s ? "sum" : `selection ${i}`} bit ${j}`.trim();
        const why = "the proof does not show that the choice is allowed";
        throw new VerificationError(checkId, place, why);
      }
      yield;
    }
  }
}
