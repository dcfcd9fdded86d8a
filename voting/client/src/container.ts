/**
 * The signed container: ASiC-E with XAdES signatures, in its one canonical form (docs/specification.md
 * section 6).
 *
 * Writing: the page computes what is signed and takes no digest from anybody; what the card answers
 * is checked before it is sent anywhere. Reading: the values are taken out, the container is written
 * again from them, and every byte must be equal; so no XML is parsed and no sender chooses anything.
 */

import { decodeBase64, encodeBase64, encodeUtf8, equalBytes } from "../../../crypto/js/bytes.js";
import { EncodingError, VerificationError } from "../../../crypto/js/errors.js";
import { hashBytes } from "../../../crypto/js/random_oracle.js";
import { Certificate } from "./certificate.js";
import type { SignatureFields } from "./templates.js";
import { manifestXml, readSignatureXml, signatureXml, signedInfo } from "./templates.js";
import { secondsOf } from "./times.js";
import type { File } from "./zip.js";
import { archive, storedFiles } from "./zip.js";

const BALLOT = "ballot.json";
const MIMETYPE = "application/vnd.etsi.asic-e+zip";
const MAX_SIGNATURES = 16;
const MAX_CERTIFICATE = 8192; // bytes
const MAX_VALUE = 1024;

/** A ballot on its way to the card: the card signs `digest`, `seal` makes the container of it. */
export class Signing {
  readonly #fields: SignatureFields;

  /** `time`: the clock of this device; nobody relies on it. */
  constructor(
    readonly data: Uint8Array,
    readonly certificate: Certificate,
    time: Date,
  ) {
    this.#fields = {
      number: 0,
      name: BALLOT,
      algorithm: certificate.algorithm.uri,
      dataDigest: encodeBase64(hashBytes(data)),
      certificate: certificate.der,
      signingTime: `${time.toISOString().slice(0, 19)}Z`,
    };
  }

  /** The digest that the card signs, by the hash of `certificate.algorithm`. */
  async digest(): Promise<Uint8Array> {
    const { hash } = this.certificate.algorithm;
    return new Uint8Array(await crypto.subtle.digest(hash, signedInfo(this.#fields).slice()));
  }

  /**
   * The container with this signature value: r ‖ s of the curve's length, or RSA's.
   *
   * Throws VerificationError if the certificate's key did not make it over this ballot: a card that
   * signs something else, or with another key, is found out here.
   */
  async seal(value: Uint8Array): Promise<Uint8Array> {
    if (!(await this.certificate.signed(value, signedInfo(this.#fields)))) {
      const why = "the card's signature is not over this ballot";
      throw new VerificationError("cast.signature", "signature", why);
    }
    return write(BALLOT, this.data, [signatureXml(this.#fields, value)]);
  }
}

/** One signature of a container: the values of its template. */
export class Signature {
  constructor(
    readonly fields: SignatureFields,
    readonly value: Uint8Array,
  ) {}

  /**
   * The signing certificate, if its key signed exactly `data` under the container's name of it.
   *
   * Throws VerificationError(checkId, where, …): the digest differs, the algorithm is not the key's,
   * the signature is false, or the certificate is one that nobody here can read.
   */
  async verify(data: Uint8Array, checkId: string, where: string): Promise<Certificate> {
    const refuse = (why: string): never => {
      throw new VerificationError(checkId, where, why);
    };
    if (this.fields.dataDigest !== encodeBase64(hashBytes(data))) {
      refuse("the signature is over other data");
    }
    let certificate: Certificate;
    try {
      certificate = Certificate.parse(this.fields.certificate);
    } catch (fault) {
      if (!(fault instanceof EncodingError)) throw fault;
      throw new VerificationError(checkId, where, fault.message);
    }
    if (certificate.algorithm.uri !== this.fields.algorithm) {
      refuse("the signature algorithm is not the one of the key");
    }
    if (!(await certificate.signed(this.value, signedInfo(this.fields)))) {
      refuse("the signature is not the certificate's");
    }
    return certificate;
  }
}

/** A container that was read: its data file and its signatures, none of them verified yet. */
export interface Container {
  readonly data: Uint8Array;
  readonly signatures: readonly Signature[];
}

/**
 * The container of a file `name` that `data` encodes. Throws EncodingError for one larger than
 * `limit` bytes, and for all that is not the canonical form with at least one signature.
 */
export function openContainer(data: Uint8Array, name: string, limit: number): Container {
  if (data.length > limit) throw new EncodingError(`the container has more than ${limit} bytes`);
  const [mimetype, file, manifest, ...rest] = storedFiles(data, MAX_SIGNATURES + 3);
  if (mimetype === undefined || file === undefined || manifest === undefined || rest.length === 0) {
    throw new EncodingError(`the container does not hold ${name} and its signatures`);
  }
  const signatures = rest.map(([, xml], number) => readSignature(xml, number));
  const again = signatures.map(({ fields, value }) => signatureXml({ ...fields, name }, value));
  if (!equalBytes(write(name, file[1], again), data)) {
    throw new EncodingError("the container is not in its canonical form");
  }
  return { data: file[1], signatures };
}

function readSignature(xml: Uint8Array, number: number): Signature {
  const { fields, value } = readSignatureXml(xml, number);
  secondsOf(fields.signingTime);
  const { certificate } = fields;
  if (certificate.length > MAX_CERTIFICATE || value.length > MAX_VALUE) {
    throw new EncodingError("a signature holds a value that is too long");
  }
  decodeBase64(fields.dataDigest);
  return new Signature(fields, value);
}

function write(name: string, data: Uint8Array, signatures: readonly Uint8Array[]): Uint8Array {
  return archive([
    ["mimetype", encodeUtf8(MIMETYPE)],
    [name, data],
    ["META-INF/manifest.xml", manifestXml(name)],
    ...signatures.map((xml, n): File => [`META-INF/signatures${n}.xml`, xml]),
  ]);
}
