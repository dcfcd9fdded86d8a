/**
 * The one shape of every group, written multiplicatively: g.power(r).times(h).
 *
 * Contract for every implementation
 * - All values are immutable. Values of different groups never mix: TypeError.
 * - Everything that comes from outside passes a `decode…` method, which accepts the canonical
 *   encoding of a group member (or of a scalar in range) and nothing else: EncodingError.
 * - `power` does the same operations for every exponent. Scalars are BigInt, whose additions and
 *   multiplications take a time that depends slightly on the values: no engine offers better.
 */

import type { Tree } from "../byte_tree.js";
import type { PRG } from "../random_oracle.js";

/** An element of Z_q. */
export interface Scalar {
  plus(other: Scalar): Scalar;
  minus(other: Scalar): Scalar;
  times(other: Scalar): Scalar;
  negate(): Scalar;
  equals(other: Scalar): boolean;
  /** A leaf of fixed length, big-endian. */
  tree(): Tree;
}

/** A member of the group. */
export interface Element {
  readonly group: Group;
  readonly isIdentity: boolean;
  times(other: Element): Element;
  over(other: Element): Element;
  power(x: Scalar): Element;
  equals(other: Element): boolean;
  /** The canonical byte tree. */
  tree(): Tree;
  /** What JSON documents hold: the contents of the tree's leaves in lower-case hex. */
  hex(): string;
}

/** A group G of prime order q with generator g. */
export interface Group {
  /** The name in configurations, for example `ristretto255`. */
  readonly name: string;
  /** The string that stands for the group in every proof (docs/specification.md section 3). */
  readonly pgroup: string;
  /** q. */
  readonly order: bigint;
  readonly g: Element;

  /** n mod q, for an integer of either sign. */
  scalar(n: bigint | number): Scalar;
  /** The next ⌈bitlen(q)/8⌉ + 16 bytes of `prg`, big-endian, mod q. */
  prgScalar(prg: PRG): Scalar;
  /** The same member, with a table that makes many powers of it cheap; the first one makes it. */
  withTable(a: Element): Element;
  /**
   * The member encoded by `tree`. Throws EncodingError. `allowIdentity` is false wherever the
   * protocol refuses the identity.
   */
  decodeElement(tree: Tree, allowIdentity: boolean): Element;
  /** The scalar encoded by `tree`: fixed length, below q. Throws EncodingError. */
  decodeScalar(tree: Tree): Scalar;
  /** The member that a JSON document holds as `text`. Throws EncodingError. */
  elementFromHex(text: string, allowIdentity: boolean): Element;
}
