/**
 * A group whose points are those of @noble/curves. What is particular to a group, the encoding of
 * its members, stands in ristretto255.ts and curves.ts.
 *
 * `multiply` of noble adds a point for every digit of the exponent, also for a digit 0. It refuses
 * the exponent 0, which in a range proof is what the true branch has: see `power`. Its
 * `multiplyUnsafe` is not called here.
 */

import type { Tree } from "../byte_tree.js";
import * as byteTree from "../byte_tree.js";
import { concatBytes, decodeHex, decodeInteger, encodeHex, encodeInteger } from "../bytes.js";
import { EncodingError } from "../errors.js";
import type { PRG } from "../random_oracle.js";
import type { Element, Group, Scalar } from "./api.js";

const WINDOW = 6; // bits of the exponent per column of a table

/** What all of noble's points can do. */
export interface Point<P> {
  add(other: P): P;
  subtract(other: P): P;
  negate(): P;
  equals(other: P): boolean;
  multiply(exponent: bigint): P;
  precompute(window: number): P;
}

/** Z_q of one group; a scalar is a leaf of `scalarBytes`. */
export interface Scalars {
  readonly name: string;
  readonly order: bigint;
  readonly scalarBytes: number;
}

/** What one group has to say about its points. P is noble's class of them. */
export interface Points<P extends Point<P>> extends Scalars {
  readonly pgroup: string;
  readonly generator: P;
  readonly identity: P;
  toTree(point: P): Tree;
  /** The member, the identity included. Throws EncodingError if not canonical. */
  fromTree(tree: Tree): P;
  /** The one tree that a member with these contents can have. */
  treeOfContents(contents: Uint8Array): Tree;
}

class NobleScalar implements Scalar {
  readonly #scalars: Scalars;
  readonly #value: bigint;

  constructor(scalars: Scalars, value: bigint) {
    this.#scalars = scalars;
    this.#value = value;
  }

  /** The representative in 0 … q − 1 of a scalar of this group. */
  static value(scalars: Scalars, x: Scalar): bigint {
    if (!(x instanceof NobleScalar) || x.#scalars !== scalars) {
      throw new TypeError(`not a scalar of ${scalars.name}`);
    }
    return x.#value;
  }

  plus(other: Scalar): Scalar {
    return this.#reduced(this.#value + this.#of(other));
  }

  minus(other: Scalar): Scalar {
    return this.#reduced(this.#value + this.#scalars.order - this.#of(other));
  }

  times(other: Scalar): Scalar {
    return this.#reduced(this.#value * this.#of(other));
  }

  negate(): Scalar {
    return this.#reduced(this.#scalars.order - this.#value);
  }

  equals(other: Scalar): boolean {
    return this.#value === this.#of(other);
  }

  tree(): Tree {
    return encodeInteger(this.#value, this.#scalars.scalarBytes);
  }

  #of(other: Scalar): bigint {
    return NobleScalar.value(this.#scalars, other);
  }

  #reduced(value: bigint): Scalar {
    return new NobleScalar(this.#scalars, value % this.#scalars.order);
  }
}

class NobleElement<P extends Point<P>> implements Element {
  readonly #point: P;
  #tree: Tree | undefined;

  constructor(
    readonly group: NobleGroup<P>,
    point: P,
  ) {
    this.#point = point;
  }

  get point(): P {
    return this.#point;
  }

  get isIdentity(): boolean {
    return this.#point.equals(this.group.points.identity);
  }

  times(other: Element): Element {
    return this.#new(this.#point.add(this.group.point(other)));
  }

  over(other: Element): Element {
    return this.#new(this.#point.subtract(this.group.point(other)));
  }

  /**
   * a^x = a^{x+1} / a: the exponent that noble sees is not 0 where x is, so that a secret 0 takes
   * the way of all others. Only x = q − 1 takes another one; no secret of ours is small, and a
   * random one is this with probability 1/q.
   */
  power(x: Scalar): Element {
    const next = this.group.value(x) + 1n;
    if (this.isIdentity) return this;
    if (next === this.group.order) return this.#new(this.#point.negate());
    return this.#new(this.#point.multiply(next).subtract(this.#point));
  }

  equals(other: Element): boolean {
    return this.#point.equals(this.group.point(other));
  }

  tree(): Tree {
    this.#tree ??= this.group.points.toTree(this.#point);
    return this.#tree;
  }

  hex(): string {
    return encodeHex(contents(this.tree()));
  }

  #new(point: P): Element {
    return new NobleElement(this.group, point);
  }
}

export class NobleGroup<P extends Point<P>> implements Group {
  readonly g: Element;

  constructor(readonly points: Points<P>) {
    this.g = new NobleElement(this, points.generator);
  }

  get name(): string {
    return this.points.name;
  }

  get pgroup(): string {
    return this.points.pgroup;
  }

  get order(): bigint {
    return this.points.order;
  }

  scalar(n: bigint | number): Scalar {
    const rest = BigInt(n) % this.order;
    return this.#scalar((rest + this.order) % this.order);
  }

  prgScalar(prg: PRG): Scalar {
    const size = Math.ceil(byteTree.bitLength(this.order) / 8) + 16;
    return this.#scalar(decodeInteger(prg.read(size)) % this.order);
  }

  withTable(a: Element): Element {
    return new NobleElement(this, this.point(a).precompute(WINDOW));
  }

  decodeElement(tree: Tree, allowIdentity: boolean): Element {
    const element = new NobleElement(this, this.points.fromTree(tree));
    if (!allowIdentity && element.isIdentity) {
      throw new EncodingError("the identity stands where the protocol refuses it");
    }
    return element;
  }

  decodeScalar(tree: Tree): Scalar {
    const what = `${this.name} scalar`;
    const value = decodeInteger(byteTree.leaf(tree, this.points.scalarBytes, what));
    if (value >= this.order) throw new EncodingError("a scalar is not below the group order");
    return this.#scalar(value);
  }

  elementFromHex(text: string, allowIdentity: boolean): Element {
    return this.decodeElement(this.points.treeOfContents(decodeHex(text)), allowIdentity);
  }

  /** noble's point of a member of this group. */
  point(a: Element): P {
    if (!(a instanceof NobleElement) || a.group !== this) {
      throw new TypeError(`not an element of ${this.name}`);
    }
    return a.point as P;
  }

  /** The representative of a scalar of this group. */
  value(x: Scalar): bigint {
    return NobleScalar.value(this.points, x);
  }

  #scalar(value: bigint): Scalar {
    return new NobleScalar(this.points, value);
  }
}

function contents(tree: Tree): Uint8Array {
  return byteTree.isLeaf(tree) ? tree : concatBytes(...tree.map(contents));
}
