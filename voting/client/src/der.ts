/**
 * DER (X.690), as far as certificates need it: values are taken apart, nothing is repaired. Whatever
 * is not the one encoding of its lengths is refused.
 */

import { EncodingError } from "../../../crypto/js/errors.js";

export const BOOLEAN = 0x01;
export const INTEGER = 0x02;
export const BIT_STRING = 0x03;
export const OCTET_STRING = 0x04;
export const OBJECT_IDENTIFIER = 0x06;
export const SEQUENCE = 0x30;
export const SET = 0x31;
export const UTC_TIME = 0x17;
export const GENERALIZED_TIME = 0x18;

/** A tag, its content, and all its bytes. */
export class Value {
  constructor(
    readonly tag: number,
    readonly content: Uint8Array,
    readonly whole: Uint8Array,
  ) {}

  /** This value, if it has that tag. */
  of(tag: number): Value {
    if (this.tag !== tag) throw new EncodingError("a value of the certificate has another type");
    return this;
  }

  parts(): Value[] {
    return new Der(this.content).all();
  }
}

/** Values one after the other: one-byte tags, definite lengths in the fewest bytes. */
export class Der {
  #at = 0;

  constructor(readonly data: Uint8Array) {}

  all(): Value[] {
    const values: Value[] = [];
    while (this.#at < this.data.length) values.push(this.#next());
    return values;
  }

  only(tag: number): Value {
    const [value, ...others] = this.all();
    if (value === undefined || others.length > 0) {
      throw new EncodingError("one value was expected in the certificate");
    }
    return value.of(tag);
  }

  #next(): Value {
    const start = this.#at;
    const [tag, first] = [this.#byte(), this.#byte()];
    if ((tag & 0x1f) === 0x1f) throw new EncodingError("a tag of the certificate is too long");
    let length = first;
    if (first >= 0x80) {
      const bytes = Array.from({ length: first - 0x80 }, () => this.#byte());
      length = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
      const fewest = bytes.length > 0 && bytes.length <= 3 && bytes[0] !== 0 && length >= 0x80;
      if (!fewest) throw new EncodingError("a length in the certificate is not DER");
    }
    const end = this.#at + length;
    if (end > this.data.length) throw new EncodingError("the certificate is cut off");
    const value = new Value(tag, this.data.slice(this.#at, end), this.data.slice(start, end));
    this.#at = end;
    return value;
  }

  #byte(): number {
    const byte = this.data[this.#at];
    if (byte === undefined) throw new EncodingError("the certificate is cut off");
    this.#at += 1;
    return byte;
  }
}
