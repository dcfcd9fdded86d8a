/**
 * A question about encodings, proofs or ballots: an object of texts and numbers with `ask`, its kind;
 * bytes are hex.
 */

import { decodeHex } from "../../crypto/js/bytes.js";
import { PublicKey } from "../../crypto/js/elgamal.js";
import type { Group } from "../../crypto/js/groups/index.js";
import { groupByName } from "../../crypto/js/groups/index.js";
import type { Total } from "../../crypto/js/proofs/binding.js";
import { ballotPrefix, voterDigest } from "../../crypto/js/proofs/binding.js";
import { RangeStatement } from "../../crypto/js/proofs/range_statement.js";

export type Question = { readonly ask: string } & Readonly<Record<string, unknown>>;
export type Kinds = Readonly<Record<string, (asked: Asked) => string | Promise<string>>>;

/** The members of a question, each of the type that its kind expects. */
export class Asked {
  constructor(readonly members: Question) {}

  text(name: string): string {
    return String(this.members[name]);
  }

  number(name: string): number {
    return Number(this.members[name]);
  }

  bytes(name: string): Uint8Array {
    return decodeHex(this.text(name));
  }

  list(name: string): readonly unknown[] {
    return this.members[name] as readonly unknown[];
  }

  get hashes(): Uint8Array[] {
    return this.list("proof").map((hash) => decodeHex(String(hash)));
  }

  get group(): Group {
    return groupByName(this.text("group"));
  }

  get total(): Total | null {
    return this.members.total as Total | null;
  }

  get rhoB(): Uint8Array {
    return ballotPrefix({
      E: this.bytes("E"),
      style: this.text("style"),
      contest: this.text("contest"),
      voter: voterDigest(this.bytes("E"), this.text("identifier")),
      pgroup: this.group.pgroup,
      N: this.number("N"),
      s: this.number("s"),
      total: this.total,
    });
  }

  get statement(): RangeStatement {
    const key = new PublicKey(this.group.elementFromHex(this.text("y"), false));
    return new RangeStatement(key, this.number("N"), this.number("s"), this.rhoB, this.total);
  }
}
