/**
 * What a page must know of the certificate that signs: its key's algorithm and the subject's names.
 * Whether it may sign is the collector's and everybody's to check, not the page's.
 */

import { decodeUtf8, encodeHex } from "../../../crypto/js/bytes.js";
import { EncodingError } from "../../../crypto/js/errors.js";

/** DER's tags (X.690), those that a certificate's head has. */
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OBJECT_IDENTIFIER = 0x06;
const SEQUENCE = 0x30;
const SET = 0x31;
const VERSION = 0xa0;
const TEXTS: readonly number[] = [0x0c, 0x13]; // UTF8String, PrintableString

const EC_KEY = "2a8648ce3d0201"; // 1.2.840.10045.2.1
const P256 = "2a8648ce3d030107"; // 1.2.840.10045.3.1.7
const P384 = "2b81040022"; // 1.3.132.0.34
const RSA_KEY = "2a864886f70d010101"; // 1.2.840.113549.1.1.1
const SERIAL_NUMBER = "550405"; // 2.5.4.5
const COMMON_NAME = "550403"; // 2.5.4.3
const LEAST_RSA_BITS = 2048;

/** The one algorithm with which a key signs (docs/specification.md section 6). */
export interface Algorithm {
  readonly uri: string;
  readonly hash: "SHA-256" | "SHA-384";
  /** As `crypto.subtle` imports the key and verifies. */
  readonly key: EcKeyImportParams | RsaHashedImportParams;
  readonly verification: EcdsaParams | Algorithm["key"];
}

const XMLDSIG = "http://www.w3.org/2001/04/xmldsig-more#";
const ECDSA_P256: Algorithm = {
  uri: `${XMLDSIG}ecdsa-sha256`,
  hash: "SHA-256",
  key: { name: "ECDSA", namedCurve: "P-256" },
  verification: { name: "ECDSA", hash: "SHA-256" },
};
const ECDSA_P384: Algorithm = {
  uri: `${XMLDSIG}ecdsa-sha384`,
  hash: "SHA-384",
  key: { name: "ECDSA", namedCurve: "P-384" },
  verification: { name: "ECDSA", hash: "SHA-384" },
};
const RSA = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
const RSA_SHA256: Algorithm = {
  uri: `${XMLDSIG}rsa-sha256`,
  hash: "SHA-256",
  key: RSA,
  verification: RSA,
};

export class Certificate {
  private constructor(
    readonly der: Uint8Array,
    readonly algorithm: Algorithm,
    /** SubjectPublicKeyInfo, in DER. */
    readonly spki: Uint8Array,
    readonly serialNumber: readonly string[],
    readonly commonName: readonly string[],
  ) {}

  /** Throws EncodingError for what is no certificate, or has a key that we do not take. */
  static parse(der: Uint8Array): Certificate {
    const [tbs] = new Der(der).only(SEQUENCE).parts();
    const fields = tbs?.of(SEQUENCE).parts() ?? [];
    if (fields[0]?.tag === VERSION) fields.shift();
    // serial number, signature algorithm, issuer, validity, subject, key (RFC 5280 §4.1)
    const [, , , , subject, key] = fields;
    if (subject === undefined || key === undefined) {
      throw new EncodingError("the certificate ends before its key");
    }
    const names = attributes(subject.of(SEQUENCE));
    const values = (type: string): string[] =>
      names.filter((name) => name.type === type).map((name) => name.value);
    const [serialNumber, commonName] = [values(SERIAL_NUMBER), values(COMMON_NAME)];
    return new Certificate(der, algorithmOf(key), key.whole, serialNumber, commonName);
  }
}

function algorithmOf(key: Value): Algorithm {
  const [identifier, bits] = key.of(SEQUENCE).parts();
  const [type, curve] = identifier?.of(SEQUENCE).parts() ?? [];
  const named = type === undefined ? "" : encodeHex(type.of(OBJECT_IDENTIFIER).content);
  if (named === EC_KEY && curve?.tag === OBJECT_IDENTIFIER) {
    const name = encodeHex(curve.content);
    if (name === P256) return ECDSA_P256;
    if (name === P384) return ECDSA_P384;
  }
  if (named === RSA_KEY && bits !== undefined) {
    // A BIT STRING starts with the number of unused bits.
    const [modulus] = new Der(bits.of(BIT_STRING).content.subarray(1)).only(SEQUENCE).parts();
    const n = encodeHex(modulus?.of(INTEGER).content ?? new Uint8Array(0));
    if (BigInt(`0x0${n}`) >> BigInt(LEAST_RSA_BITS - 1) > 0n) return RSA_SHA256;
  }
  throw new EncodingError("the key is none of P-256, P-384, RSA of 2048 bits or more");
}

/** The attributes of a name: a sequence of sets of (type, value), of the texts among them. */
function attributes(name: Value): { type: string; value: string }[] {
  const found: { type: string; value: string }[] = [];
  for (const set of name.parts()) {
    for (const attribute of set.of(SET).parts()) {
      const [type, value] = attribute.of(SEQUENCE).parts();
      if (type === undefined || value === undefined) throw new EncodingError("half an attribute");
      if (!TEXTS.includes(value.tag)) continue;
      const text = decodeUtf8(value.content, "a name in the certificate");
      found.push({ type: encodeHex(type.of(OBJECT_IDENTIFIER).content), value: text });
    }
  }
  return found;
}

// -- DER ----------------------------------------------------------------------------------------

class Value {
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
class Der {
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
