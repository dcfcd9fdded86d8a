/**
 * The signed container: ASiC-E with one XAdES signature, in its one canonical form
 * (docs/specification.md section 6). The page computes what is signed and takes no digest from
 * anybody; what the card answers is checked before it is sent anywhere.
 */

import { concatBytes, encodeUtf8 } from "../../../crypto/js/bytes.js";
import { VerificationError } from "../../../crypto/js/errors.js";
import type { Certificate } from "./certificate.js";
import type { SignatureValues } from "./templates.js";
import { manifestXml, signatureXml, signedInfo } from "./templates.js";

const NAME = "ballot.json";
const MIMETYPE = "application/vnd.etsi.asic-e+zip";

/** A ballot on its way to the card: the card signs `digest`, `seal` makes the container of it. */
export class Signing {
  readonly #values: SignatureValues;

  /** `time`: the clock of this device; nobody relies on it. */
  constructor(
    readonly data: Uint8Array,
    readonly certificate: Certificate,
    time: Date,
  ) {
    this.#values = {
      name: NAME,
      algorithm: certificate.algorithm.uri,
      data,
      certificate: certificate.der,
      signingTime: `${time.toISOString().slice(0, 19)}Z`,
    };
  }

  /** The digest that the card signs, by the hash of `certificate.algorithm`. */
  async digest(): Promise<Uint8Array> {
    const { hash } = this.certificate.algorithm;
    return new Uint8Array(await crypto.subtle.digest(hash, signedInfo(this.#values).slice()));
  }

  /**
   * The container with this signature value: r ‖ s of the curve's length, or RSA's.
   *
   * Throws VerificationError if the certificate's key did not make it over this ballot: a card that
   * signs something else, or with another key, is found out here.
   */
  async seal(value: Uint8Array): Promise<Uint8Array> {
    const { algorithm, spki } = this.certificate;
    const info = signedInfo(this.#values).slice();
    const key = await crypto.subtle.importKey("spki", spki.slice(), algorithm.key, false, [
      "verify",
    ]);
    if (!(await crypto.subtle.verify(algorithm.verification, key, value.slice(), info))) {
      const why = "the card's signature is not over this ballot";
      throw new VerificationError("cast.signature", "signature", why);
    }
    return archive([
      ["mimetype", encodeUtf8(MIMETYPE)],
      [NAME, this.data],
      ["META-INF/manifest.xml", manifestXml(NAME)],
      ["META-INF/signatures0.xml", signatureXml(this.#values, value)],
    ]);
  }
}

// -- zip ----------------------------------------------------------------------------------------

const VERSION = 20;
const DATE = 0x21; // 1980-01-01
const LOCAL_SIZE = 30;
const CENTRAL_SIZE = 46;
const END_SIZE = 22;

/** A zip file of these files, stored, with no dates, extras or comments. */
function archive(files: readonly (readonly [name: string, data: Uint8Array])[]): Uint8Array {
  const body: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const [name, data] of files) {
    const raw = encodeUtf8(name);
    // version needed, flags, method, time, date: the same in both heads
    const shared = [VERSION, 0, 0, 0, DATE];
    const sizes = [crc32(data), data.length, data.length];
    const local = head(LOCAL_SIZE, 0x04034b50, shared, sizes, [raw.length, 0], []);
    const central = head(
      CENTRAL_SIZE,
      0x02014b50,
      [VERSION, ...shared],
      sizes,
      [raw.length, 0, 0, 0, 0],
      [0, offset],
    );
    body.push(local, raw, data);
    directory.push(central, raw);
    offset += LOCAL_SIZE + raw.length + data.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const counts = [0, 0, files.length, files.length];
  const end = head(END_SIZE, 0x06054b50, counts, [size, offset], [0], []);
  return concatBytes(...body, ...directory, end);
}

/** A head of a zip file: its mark, then numbers of 2, 4, 2 and 4 bytes, little-endian. */
function head(
  size: number,
  mark: number,
  ...[shorts, longs, moreShorts, moreLongs]: [number[], number[], number[], number[]]
): Uint8Array {
  const view = new DataView(new ArrayBuffer(size));
  view.setUint32(0, mark, true);
  let at = 4;
  const write = (numbers: number[], bytes: 2 | 4): void => {
    for (const number of numbers) {
      if (bytes === 2) view.setUint16(at, number, true);
      else view.setUint32(at, number, true);
      at += bytes;
    }
  };
  write(shorts, 2);
  write(longs, 4);
  write(moreShorts, 2);
  write(moreLongs, 4);
  return new Uint8Array(view.buffer);
}

/** CRC-32 of zip (polynomial EDB88320, reflected). */
function crc32(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
