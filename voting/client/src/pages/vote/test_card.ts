/**
 * A test card: PEM text with a certificate and its PKCS#8 key twice, first the one that signs, then
 * the one that logs in. For test elections alone; P-384 as the cards of the test eID have it.
 */

import { p384 } from "@noble/curves/nist.js";
import { sha384 } from "@noble/hashes/sha2.js";
import { concatBytes, decodeBase64, encodeBase64 } from "../../../../../crypto/js/bytes.js";
import type { Card } from "./web_eid.js";
import { CardError } from "./web_eid.js";

const PEM = /-----BEGIN (CERTIFICATE|PRIVATE KEY)-----([A-Za-z0-9+/=\s]+)-----END \1-----/g;
const ORDER = "CERTIFICATE,PRIVATE KEY,CERTIFICATE,PRIVATE KEY";
const CURVE = { name: "ECDSA", namedCurve: "P-384" };
const HASH = "SHA-384";
const RAW = { prehash: false };

type Bytes = Uint8Array<ArrayBuffer>;

export class TestCard implements Card {
  private constructor(
    private readonly origin: string,
    private readonly signs: { readonly certificate: Bytes; readonly secretKey: Uint8Array },
    private readonly logsIn: { readonly certificate: Bytes; readonly secretKey: Uint8Array },
  ) {}

  /** The card that the text holds, for the site at this origin. Throws CardError. */
  static async read(text: string, origin: string): Promise<TestCard> {
    const blocks = [...text.matchAll(PEM)];
    if (blocks.map((block) => block[1]).join() !== ORDER) throw new CardError("no-test-card");
    try {
      const [signs, signKey, logsIn, logKey] = blocks.map((block) => decoded(block[2]!));
      return new TestCard(
        origin,
        { certificate: signs!, secretKey: await secretKey(signKey!) },
        { certificate: logsIn!, secretKey: await secretKey(logKey!) },
      );
    } catch {
      throw new CardError("no-test-card");
    }
  }

  async logIn(nonce: string): Promise<string> {
    const parts = [this.origin, nonce].map((part) => new TextEncoder().encode(part));
    const hashes = await Promise.all(parts.map((part) => crypto.subtle.digest(HASH, part)));
    const signed = concatBytes(...hashes.map((hash) => new Uint8Array(hash)));
    return JSON.stringify({
      unverifiedCertificate: encodeBase64(this.logsIn.certificate),
      algorithm: "ES384",
      signature: encodeBase64(p384.sign(sha384(signed), this.logsIn.secretKey, RAW)),
      format: "web-eid:1.0",
      appVersion: "https://web-eid.eu/web-eid-app/releases/2.0.0+0",
    });
  }

  async signingCertificate(): Promise<Bytes> {
    return this.signs.certificate;
  }

  async sign(_certificate: Uint8Array, digest: Uint8Array): Promise<Uint8Array> {
    return p384.sign(digest, this.signs.secretKey, RAW);
  }
}

/** The secret scalar of a PKCS#8 key; the browser reads the form. */
async function secretKey(pkcs8: Bytes): Promise<Uint8Array> {
  const key = await crypto.subtle.importKey("pkcs8", pkcs8, CURVE, true, ["sign"]);
  const { d = "" } = await crypto.subtle.exportKey("jwk", key);
  return decodeBase64(`${d.replaceAll("-", "+").replaceAll("_", "/")}`);
}

function decoded(body: string): Bytes {
  return decodeBase64(body.replace(/\s/g, "")).slice();
}
