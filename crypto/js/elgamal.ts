/** ElGamal over a group, as ballots use it: one ciphertext at a time (docs/specification.md section 4). */

import type { Tree } from "./byte_tree.js";
import { children } from "./byte_tree.js";
import { EncodingError } from "./errors.js";
import type { Element, Group, Scalar } from "./groups/index.js";

/** The key (g, y). */
export class PublicKey {
  readonly y: Element;

  /** Throws EncodingError for y = 1. */
  constructor(y: Element) {
    if (y.isIdentity) throw new EncodingError("the election key is the identity");
    this.y = y.group.withTable(y);
  }

  get group(): Group {
    return this.y.group;
  }

  get g(): Element {
    return this.group.g;
  }

  /** node(g, y). */
  tree(): Tree {
    return [this.g.tree(), this.y.tree()];
  }

  /** (g^r, g^m · y^r). */
  encrypt(m: Scalar, r: Scalar): Ciphertext {
    return new Ciphertext(this.g.power(r), this.g.power(m).times(this.y.power(r)));
  }
}

/** (u, v). */
export class Ciphertext {
  constructor(
    readonly u: Element,
    readonly v: Element,
  ) {}

  times(other: Ciphertext): Ciphertext {
    return new Ciphertext(this.u.times(other.u), this.v.times(other.v));
  }

  over(other: Ciphertext): Ciphertext {
    return new Ciphertext(this.u.over(other.u), this.v.over(other.v));
  }

  power(x: Scalar): Ciphertext {
    return new Ciphertext(this.u.power(x), this.v.power(x));
  }

  get hasIdentity(): boolean {
    return this.u.isIdentity || this.v.isIdentity;
  }

  /** node(u, v). */
  tree(): Tree {
    return [this.u.tree(), this.v.tree()];
  }

  /** Throws EncodingError unless both parts are canonical members and none is the identity. */
  static decode(group: Group, tree: Tree, what: string): Ciphertext {
    const [u, v] = children(tree, 2, what).map((part) => group.decodeElement(part, false));
    return new Ciphertext(u!, v!);
  }
}
