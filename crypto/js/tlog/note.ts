/**
 * Signed notes (c2sp.org/signed-note): text, signature lines, verifier keys.
 *
 * Of the signature types only Ed25519 (0x01) and timestamped cosignatures (0x04) are known here;
 * lines of other types are kept and never trusted.
 */

import {
  concatBytes,
  decodeBase64,
  decodeUtf8,
  encodeBase64,
  encodeHex,
  encodeUtf8,
  equalBytes,
} from "../bytes.js";
import { EncodingError, VerificationError } from "../errors.js";
import { hashBytes } from "../random_oracle.js";
import { KEY_BYTES, PublicKey } from "../signing.js";

export const ED25519 = 0x01;
export const COSIGNATURE_V1 = 0x04;
const MAXIMUM_SIGNATURES = 100;
const MAXIMUM_BYTES = 1_000_000;
const KEY_ID_BYTES = 4;
const DASH = "\u2014 ";

/** An ASCII decimal below 2^63 without leading zeroes. Throws EncodingError. */
export function decodeDecimal(text: string): bigint {
  if (!/^(0|[1-9][0-9]{0,18})$/.test(text) || BigInt(text) >= 1n << 63n) {
    throw new EncodingError("not a decimal number below 2^63 in its one form");
  }
  return BigInt(text);
}

/** Throws EncodingError unless the name is not empty, without spaces, plus and controls. */
function checkKeyName(name: string): void {
  if (!/^[^\p{White_Space}+\u0000-\u001f]+$/u.test(name)) {
    throw new EncodingError("a key name is not empty and has neither spaces nor plus signs");
  }
}

/** A public key with its name and signature type: whom a note's signature line belongs to. */
export class VerifierKey {
  /** SHA-256(name ‖ 0x0A ‖ type ‖ public key)[:4]. */
  readonly keyId: Uint8Array;

  constructor(
    readonly name: string,
    readonly publicKey: PublicKey,
    readonly algorithm: number,
  ) {
    checkKeyName(name);
    if (algorithm !== ED25519 && algorithm !== COSIGNATURE_V1) {
      throw new EncodingError(`unknown signature type ${algorithm}`);
    }
    const body = [encodeUtf8(`${name}\n`), Uint8Array.of(algorithm), publicKey.raw];
    this.keyId = hashBytes(...body).slice(0, KEY_ID_BYTES);
  }

  /** `name+hex(key id)+base64(type ‖ public key)`. */
  vkey(): string {
    const key = encodeBase64(concatBytes(Uint8Array.of(this.algorithm), this.publicKey.raw));
    return `${this.name}+${encodeHex(this.keyId)}+${key}`;
  }

  /** The inverse of `vkey`. Throws EncodingError, also where the key id does not fit. */
  static parse(vkey: string): VerifierKey {
    const [name, keyId, ...rest] = vkey.split("+");
    if (name === undefined || keyId === undefined || rest.length === 0) {
      throw new EncodingError("a verifier key is name+key id+key");
    }
    const raw = decodeBase64(rest.join("+"));
    if (raw.length !== 1 + KEY_BYTES) {
      throw new EncodingError("a verifier key holds a type and 32 bytes");
    }
    const key = new VerifierKey(name, new PublicKey(raw.slice(1)), raw[0]!);
    if (key.vkey() !== vkey) {
      throw new EncodingError("the key id of a verifier key does not fit its key");
    }
    return key;
  }
}

/** One signature line: `signature` is what follows the 4-byte key id. */
export interface NoteSignature {
  readonly name: string;
  readonly keyId: Uint8Array;
  readonly signature: Uint8Array;
}

/** A text (with its final newline) and its signature lines, none of them checked yet. */
export class Note {
  private constructor(
    readonly text: string,
    readonly signatures: readonly NoteSignature[],
  ) {}

  /**
   * Throws EncodingError for everything that is not a note in its one form: UTF-8 of at most
   * 1,000,000 bytes, one to 100 signatures.
   */
  static parse(data: Uint8Array): Note {
    if (data.length > MAXIMUM_BYTES) throw new EncodingError("a note of more than 1,000,000 bytes");
    const whole = decodeUtf8(data, "a note");
    const blank = whole.lastIndexOf("\n\n");
    if (blank < 0 || blank + 2 === whole.length || !whole.endsWith("\n")) {
      throw new EncodingError("a note is a text, an empty line and signature lines");
    }
    const text = whole.slice(0, blank + 1);
    if (/[\u0000-\u0009\u000b-\u001f]/.test(text)) {
      throw new EncodingError("a note has no control characters but newline");
    }
    const lines = whole.slice(blank + 2, -1).split("\n");
    if (lines.length > MAXIMUM_SIGNATURES) {
      throw new EncodingError("a note with more than 100 signatures");
    }
    return new Note(text, lines.map(parseLine));
  }

  /** The lines with this key's name and id; a name or an id alone says nothing. */
  linesOf(key: VerifierKey): NoteSignature[] {
    return this.signatures.filter(
      (line) => line.name === key.name && equalBytes(line.keyId, key.keyId),
    );
  }

  /**
   * Checks that `key` (type 0x01) signed the text. Throws VerificationError if no line is its, or
   * if any line that claims to be is false.
   */
  verify(key: VerifierKey, checkId: string, where: string): void {
    if (key.algorithm !== ED25519) {
      throw new VerificationError(checkId, where, `the key ${key.name} does not sign notes`);
    }
    const lines = this.linesOf(key);
    if (lines.length === 0) {
      throw new VerificationError(checkId, where, `no signature by ${key.name}`);
    }
    for (const line of lines) {
      key.publicKey.verifyText(line.signature, encodeUtf8(this.text), checkId, where);
    }
  }
}

/** One line without its newline. Throws EncodingError. */
function parseLine(line: string): NoteSignature {
  if (!line.startsWith(DASH)) {
    throw new EncodingError("a signature line starts with an em dash and a space");
  }
  const [name, ...rest] = line.slice(DASH.length).split(" ");
  if (rest.length !== 1) throw new EncodingError("a signature line holds a name and a signature");
  checkKeyName(name!);
  const raw = decodeBase64(rest[0]!);
  if (raw.length <= KEY_ID_BYTES) throw new EncodingError("a signature line without a signature");
  return { name: name!, keyId: raw.slice(0, KEY_ID_BYTES), signature: raw.slice(KEY_ID_BYTES) };
}
