/**
 * What a voter chose does not change how much is computed: every ballot of a contest takes the same
 * operations in the same order. How long each takes is noble's and BigInt's (decision 0018).
 */

import assert from "node:assert/strict";
import { test } from "node:test";

import { PublicKey } from "../../crypto/js/elgamal.js";
import type { Point } from "../../crypto/js/groups/noble.js";
import { NobleGroup } from "../../crypto/js/groups/noble.js";
import { ristretto255 } from "../../crypto/js/groups/ristretto255.js";
import type { Total } from "../../crypto/js/proofs/binding.js";
import { ballotRandomness, noncePrg } from "../../crypto/js/proofs/binding.js";
import { encrypt, prove } from "../../crypto/js/proofs/range.js";
import { RangeStatement } from "../../crypto/js/proofs/range_statement.js";
import { finish } from "../../crypto/js/steps.js";

const { points } = ristretto255;
const done: string[] = [];

/** A point of ristretto255 that writes down what is done with it. */
class Watched implements Point<Watched> {
  constructor(readonly inner: typeof points.generator) {}

  add(other: Watched): Watched {
    return this.#did("add", this.inner.add(other.inner));
  }

  subtract(other: Watched): Watched {
    return this.#did("subtract", this.inner.subtract(other.inner));
  }

  negate(): Watched {
    return this.#did("negate", this.inner.negate());
  }

  multiply(exponent: bigint): Watched {
    return this.#did("multiply", this.inner.multiply(exponent));
  }

  precompute(): Watched {
    return this;
  }

  equals(other: Watched): boolean {
    return this.inner.equals(other.inner);
  }

  #did(what: string, result: typeof points.generator): Watched {
    done.push(what);
    return new Watched(result);
  }
}

const watched = new NobleGroup<Watched>({
  ...points,
  generator: new Watched(points.generator),
  identity: new Watched(points.identity),
  toTree: (point) => points.toTree(point.inner),
  fromTree: (tree) => new Watched(points.fromTree(tree)),
});

function operations(N: number, total: Total | null, m: readonly number[]): string {
  done.length = 0;
  const [E, seed, fresh] = [1, 2, 3].map((n) => new Uint8Array(32).fill(n));
  const key = new PublicKey(watched.g.power(watched.scalar(2n ** 100n)));
  const r = m.map((_, i) => ballotRandomness(watched, seed!, E!, "board", i));
  const c = finish(encrypt(key, m, r));
  const statement = new RangeStatement(key, N, m.length, E!, total);
  finish(prove(statement, c, m, r, noncePrg(fresh!, seed!, E!, c, m)));
  return done.join(" ");
}

test("approvals are proven by the same operations, however many there are", () => {
  const [none, ...others] = [
    [0, 0, 0],
    [1, 0, 0],
    [0, 1, 1],
  ].map((m) => operations(2, [0, 2], m));
  assert.ok(none!.split(" ").filter((what) => what === "multiply").length > 20);
  for (const other of others) assert.equal(other, none);
});

test("each option of a choice is proven by the same operations", () => {
  const [first, ...others] = [0, 1, 2, 3, 4].map((m) => operations(5, null, [m]));
  for (const other of others) assert.equal(other, first);
});
