/**
 * What a page must know of the certificate that signs: its key's algorithm and the subject's names.
 * Whether it may sign is another question: eid_profile.ts.
 */

import { decodeUtf8, encodeHex } from "../../../crypto/js/bytes.js";
import { EncodingError } from "../../../crypto/js/errors.js";
import type { Value } from "./der.js";
import { BIT_STRING, Der, INTEGER, OBJECT_IDENTIFIER, SEQUENCE, SET } from "./der.js";

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
  /** As an eID profile names the key. */
  readonly keyType: "P-256" | "P-384" | "RSA-2048";
  readonly uri: string;
  readonly hash: "SHA-256" | "SHA-384";
  /** As `crypto.subtle` imports the key and verifies. */
  readonly key: EcKeyImportParams | RsaHashedImportParams;
  readonly verification: EcdsaParams | Algorithm["key"];
}

const XMLDSIG = "http://www.w3.org/2001/04/xmldsig-more#";
const ECDSA_P256: Algorithm = {
  keyType: "P-256",
  uri: `${XMLDSIG}ecdsa-sha256`,
  hash: "SHA-256",
  key: { name: "ECDSA", namedCurve: "P-256" },
  verification: { name: "ECDSA", hash: "SHA-256" },
};
const ECDSA_P384: Algorithm = {
  keyType: "P-384",
  uri: `${XMLDSIG}ecdsa-sha384`,
  hash: "SHA-384",
  key: { name: "ECDSA", namedCurve: "P-384" },
  verification: { name: "ECDSA", hash: "SHA-384" },
};
const RSA = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
const RSA_SHA256: Algorithm = {
  keyType: "RSA-2048",
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

  /** Whether this key made the signature value, r ‖ s of the curve's length or RSA's, over `data`. */
  async signed(value: Uint8Array, data: Uint8Array): Promise<boolean> {
    const { key, verification } = this.algorithm;
    let imported: CryptoKey;
    try {
      imported = await crypto.subtle.importKey("spki", this.spki.slice(), key, false, ["verify"]);
    } catch {
      return false; // not a point of the curve
    }
    return await crypto.subtle.verify(verification, imported, value.slice(), data.slice());
  }

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
