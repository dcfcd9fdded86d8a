/**
 * What a chain needs of one certificate (RFC 5280 section 4.1): who issued it to whom, when it is
 * valid, what it may be used for, and whether another one's key signed it.
 */

import { decodeInteger, encodeHex, encodeInteger } from "../../../crypto/js/bytes.js";
import { EncodingError } from "../../../crypto/js/errors.js";
import type { Value } from "./der.js";
import {
  BIT_STRING,
  BOOLEAN,
  Der,
  GENERALIZED_TIME,
  INTEGER,
  OBJECT_IDENTIFIER,
  OCTET_STRING,
  SEQUENCE,
  UTC_TIME,
} from "./der.js";

const VERSION = 0xa0;
const EXTENSIONS = 0xa3;
const V3 = "020102"; // INTEGER 2
const TRUE = "ff";

export const KEY_USAGE = "551d0f"; // 2.5.29.15
export const BASIC_CONSTRAINTS = "551d13"; // 2.5.29.19
export const POLICIES = "551d20"; // 2.5.29.32
export const PURPOSES = "551d25"; // 2.5.29.37
export const NAME_CONSTRAINTS = "551d1e"; // 2.5.29.30

const EC_KEY = "2a8648ce3d0201"; // 1.2.840.10045.2.1
const CURVES: Readonly<Record<string, readonly [name: string, bytes: number]>> = {
  "2a8648ce3d030107": ["P-256", 32], // 1.2.840.10045.3.1.7
  "2b81040022": ["P-384", 48], // 1.3.132.0.34
  "2b81040023": ["P-521", 66], // 1.3.132.0.35
};
const RSA_KEY = "2a864886f70d010101"; // 1.2.840.113549.1.1.1
const LEAST_RSA_BITS = 2048n;
/** 1.2.840.10045.4.3.2 to 4, 1.2.840.113549.1.1.11 to 13 */
const SIGNATURES: Readonly<Record<string, readonly [name: "ECDSA" | "RSA", hash: string]>> = {
  "2a8648ce3d040302": ["ECDSA", "SHA-256"],
  "2a8648ce3d040303": ["ECDSA", "SHA-384"],
  "2a8648ce3d040304": ["ECDSA", "SHA-512"],
  "2a864886f70d01010b": ["RSA", "SHA-256"],
  "2a864886f70d01010c": ["RSA", "SHA-384"],
  "2a864886f70d01010d": ["RSA", "SHA-512"],
};

export interface Extension {
  readonly critical: boolean;
  /** The one value in its octets. */
  readonly value: Value;
}

/** A certificate of version 3, taken apart; nothing of it is judged yet. */
export class Issued {
  private constructor(
    readonly subject: string,
    readonly issuer: string,
    /** POSIX seconds, the first and the last. */
    readonly valid: readonly [from: number, until: number],
    /** By identifier, in hex of its DER contents. */
    readonly extensions: ReadonlyMap<string, Extension>,
    private readonly tbs: Uint8Array,
    private readonly algorithm: string,
    private readonly signature: Uint8Array,
    private readonly key: Value,
  ) {}

  /** Throws EncodingError. */
  static parse(der: Uint8Array): Issued {
    const [tbs, algorithm, signature, ...rest] = new Der(der).only(SEQUENCE).parts();
    if (tbs === undefined || algorithm === undefined || signature === undefined) broken();
    const [version, serial, within, issuer, validity, subject, key, ...more] = tbs
      .of(SEQUENCE)
      .parts();
    if (validity === undefined || subject === undefined || key === undefined) broken();
    if (rest.length > 0 || version === undefined || serial === undefined) broken();
    serial.of(INTEGER);
    if (encodeHex(version.of(VERSION).content) !== V3) broken();
    if (encodeHex(algorithm.whole) !== encodeHex(within!.of(SEQUENCE).whole)) broken();
    const [from, until, ...times] = validity.of(SEQUENCE).parts();
    if (from === undefined || until === undefined || times.length > 0) broken();
    return new Issued(
      encodeHex(subject.of(SEQUENCE).whole),
      encodeHex(issuer!.of(SEQUENCE).whole),
      [seconds(from), seconds(until)],
      extensionsIn(more),
      tbs.whole,
      identifierOf(algorithm.of(SEQUENCE).parts()[0]),
      bitsOf(signature),
      key.of(SEQUENCE),
    );
  }

  /** The bits of the key usage, the first one (digitalSignature) lowest; 0 without the extension. */
  get usage(): number {
    const found = this.extensions.get(KEY_USAGE)?.value.of(BIT_STRING).content;
    if (found === undefined) return 0;
    const bits = [...found.subarray(1)].flatMap((byte) =>
      Array.from({ length: 8 }, (_, i) => (byte >> (7 - i)) & 1),
    );
    return bits.reduce((sum, bit, i) => sum + bit * 2 ** i, 0);
  }

  /** Whether it is an authority's, and how many authorities may stand below it. */
  get authority(): { readonly is: boolean; readonly below: bigint | null } {
    const parts = this.extensions.get(BASIC_CONSTRAINTS)?.value.of(SEQUENCE).parts() ?? [];
    const [is, length, ...rest] = parts[0]?.tag === BOOLEAN ? parts : [undefined, ...parts];
    if (rest.length > 0) broken();
    const below = length === undefined ? null : decodeInteger(length.of(INTEGER).content);
    return { is: is !== undefined && isTrue(is), below };
  }

  /** The identifiers that an extension lists, at the head of each entry or bare. */
  listed(extension: string): string[] {
    const entries = this.extensions.get(extension)?.value.of(SEQUENCE).parts() ?? [];
    return entries.map((entry) => identifierOf(entry.tag === SEQUENCE ? entry.parts()[0] : entry));
  }

  /** Whether the key of `issuer` signed this certificate, by an algorithm that we take. */
  async signedBy(issuer: Issued): Promise<boolean> {
    const known = SIGNATURES[this.algorithm];
    if (known === undefined) return false;
    const [type, curve] = issuer.key.parts()[0]?.of(SEQUENCE).parts() ?? [];
    const [name, hash] = known;
    if (name === "RSA") {
      if (identifierOf(type) !== RSA_KEY || rsaModulus(issuer.key) < LEAST_RSA_BITS) return false;
      const how = { name: "RSASSA-PKCS1-v1_5", hash };
      return await this.#verified(issuer, how, how, this.signature);
    }
    if (identifierOf(type) !== EC_KEY || curve === undefined) return false;
    const [namedCurve, bytes] = CURVES[identifierOf(curve)] ?? [];
    if (namedCurve === undefined || bytes === undefined) return false;
    const raw = rawSignature(this.signature, bytes);
    const how = { name: "ECDSA", namedCurve };
    return await this.#verified(issuer, how, { name: "ECDSA", hash }, raw);
  }

  async #verified(
    issuer: Issued,
    key: EcKeyImportParams | RsaHashedImportParams,
    how: EcdsaParams | Algorithm,
    value: Uint8Array,
  ): Promise<boolean> {
    const spki = issuer.key.whole.slice();
    let imported: CryptoKey;
    try {
      imported = await crypto.subtle.importKey("spki", spki, key, false, ["verify"]);
    } catch {
      return false; // not a key, or none that this browser knows
    }
    return await crypto.subtle.verify(how, imported, value.slice(), this.tbs.slice());
  }
}

/** The contents of an object identifier's DER in hex. */
export function identifier(dotted: string): string {
  const [first, second, ...rest] = dotted.split(".").map((arc) => BigInt(arc));
  if (first === undefined || second === undefined) throw new EncodingError("no identifier");
  return [first * 40n + second, ...rest].map(base128).join("");
}

function base128(arc: bigint): string {
  const digits = [arc & 127n];
  for (let left = arc >> 7n; left > 0n; left >>= 7n) digits.unshift((left & 127n) | 128n);
  return encodeHex(Uint8Array.from(digits, Number));
}

function extensionsIn(more: readonly Value[]): ReadonlyMap<string, Extension> {
  const found = new Map<string, Extension>();
  const last = more.at(-1);
  if (last?.tag !== EXTENSIONS) return found;
  for (const entry of new Der(last.content).only(SEQUENCE).parts()) {
    const parts = entry.of(SEQUENCE).parts();
    const critical = parts[1]?.tag === BOOLEAN && isTrue(parts[1]);
    const octets = parts[parts[1]?.tag === BOOLEAN ? 2 : 1];
    const name = identifierOf(parts[0]);
    if (octets === undefined || found.has(name)) broken();
    const values = new Der(octets.of(OCTET_STRING).content).all();
    const [value] = values;
    if (value === undefined || values.length > 1) broken();
    found.set(name, { critical, value });
  }
  return found;
}

function identifierOf(value: Value | undefined): string {
  if (value === undefined) broken();
  return encodeHex(value.of(OBJECT_IDENTIFIER).content);
}

/** The bytes of a BIT STRING of whole bytes. */
function bitsOf(value: Value): Uint8Array {
  const [unused, ...bytes] = value.of(BIT_STRING).content;
  if (unused !== 0) broken();
  return Uint8Array.from(bytes);
}

function isTrue(value: Value): boolean {
  if (encodeHex(value.content) !== TRUE) broken(); // DER writes no FALSE that is a default
  return true;
}

/** UTCTime or GeneralizedTime of whole seconds, in POSIX seconds. */
function seconds({ tag, content }: Value): number {
  const text = String.fromCharCode(...content);
  if (tag !== UTC_TIME && tag !== GENERALIZED_TIME) broken();
  const form = tag === UTC_TIME ? /^(\d\d)(\d{4})(\d{6})Z$/ : /^(\d{4})(\d{4})(\d{6})Z$/;
  const [, year, day, time] = form.exec(text) ?? [];
  if (year === undefined || day === undefined || time === undefined) broken();
  // RFC 5280 section 4.1.2.5.1
  const full = tag === UTC_TIME ? `${Number(year) < 50 ? 20 : 19}${year}` : year;
  const at = `${full}-${day.replace(/../g, "$&-").slice(0, 5)}T${time.replace(/../g, "$&:").slice(0, 8)}Z`;
  const found = Date.parse(at);
  if (Number.isNaN(found)) broken();
  return found / 1000;
}

/** r ‖ s, each of so many bytes, of SEQUENCE(r, s). Throws EncodingError. */
function rawSignature(der: Uint8Array, bytes: number): Uint8Array {
  const parts = new Der(der).only(SEQUENCE).parts();
  if (parts.length !== 2) broken();
  const numbers = parts.map((part) => {
    const { content } = part.of(INTEGER);
    const number = decodeInteger(content);
    const negative = ((content[0] ?? 0x80) & 0x80) !== 0;
    if (negative || number >= 1n << BigInt(8 * bytes)) broken();
    return encodeInteger(number, bytes);
  });
  return Uint8Array.from(numbers.flatMap((number) => [...number]));
}

function rsaModulus(key: Value): bigint {
  const bits = key.parts()[1];
  if (bits === undefined) broken();
  const [modulus] = new Der(bitsOf(bits)).only(SEQUENCE).parts();
  if (modulus === undefined) broken();
  return BigInt(decodeInteger(modulus.of(INTEGER).content).toString(2).length);
}

function broken(): never {
  throw new EncodingError("the certificate does not have the form of one");
}
