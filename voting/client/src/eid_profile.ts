/**
 * The eID profile (docs/specification.md section 2.2): whose certificates may sign a ballot. Its files
 * are those whose digests stand in the manifest; the caller compares them before it asks here.
 */

import { CORE_SCHEMA, load, YAMLException } from "js-yaml";
import { decodeBase64, decodeUtf8, encodeHex } from "../../../crypto/js/bytes.js";
import { EncodingError, VerificationError } from "../../../crypto/js/errors.js";
import { hashBytes } from "../../../crypto/js/random_oracle.js";
import type { Json } from "./canonical.js";
import { booleanOf, listOf, membersOf, textOf } from "./canonical.js";
import type { Certificate } from "./certificate.js";
import type { Authorities } from "./chains.js";
import { verifyChain } from "./chains.js";
import { Issued, identifier, POLICIES } from "./issued.js";

const FILE = "profile.yaml";
const MAX_CHARACTERS = 1 << 14;
const TEST_POLICY = "1.3.6.1.4.1.99999.1.1"; // in every certificate of the test eID
const KEYS = /^(P-256|P-384|RSA-2048)$/;
const METHODS = /^(ocsp|delegated|none)$/;
const ATTRIBUTES = /^(serialNumber|commonName)$/;
const PEM = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g;
const MEMBERS = [
  ...["schema", "name", "test", "keys", "policies", "roots", "intermediates"],
  ...["identifier_attribute", "identifier_pattern", "revocation", "timestamps", "authentication"],
] as const;

export class EidProfile {
  private constructor(
    readonly test: boolean,
    /** Whether only a party that the law names is told of revocation. */
    readonly delegated: boolean,
    private readonly keys: readonly string[],
    private readonly policies: readonly string[],
    private readonly authorities: Authorities,
  ) {}

  /** The profile in these files, by name. Throws EncodingError unless they are exactly those. */
  static parse(files: ReadonlyMap<string, Uint8Array>): EidProfile {
    const file = membersOf(yaml(files.get(FILE)), MEMBERS, FILE);
    textOf(file.schema, "schema", /^sukashi\/eid-profile\/1$/);
    textOf(file.name, "name");
    textOf(file.identifier_attribute, "identifier_attribute", ATTRIBUTES);
    textOf(file.identifier_pattern, "identifier_pattern");
    const revocation = membersOf(file.revocation, ["method", "responders"], "revocation");
    const method = textOf(revocation.method, "method", METHODS);
    const { policies } = membersOf(file.authentication, ["policies"], "authentication");
    texts(policies, "authentication.policies");
    const test = booleanOf(file.test, "test");
    const responders = texts(revocation.responders, "responders");
    if (!test && (method === "none" || file.timestamps === null)) {
      throw new EncodingError("only a test may go without time-stamps or revocation");
    }
    if (responders.length > 0 && method !== "ocsp") {
      throw new EncodingError("responders are named, and none is asked");
    }
    const stamping = file.timestamps === null ? [] : authoritiesOf(file.timestamps);
    const [roots, intermediates] = [texts(file.roots, "roots"), texts(file.intermediates, "CAs")];
    const named = [...roots, ...intermediates, ...stamping];
    const all = new Set([FILE, ...named, ...responders]);
    if (all.size !== files.size || ![...all].every((name) => files.has(name))) {
      throw new EncodingError("the files of the eID profile are not exactly those that it names");
    }
    const read = (names: readonly string[]): Uint8Array[] => {
      return names.map((name) => certificateIn(files.get(name)!, name));
    };
    return new EidProfile(
      test,
      method === "delegated",
      texts(file.keys, "keys", KEYS),
      texts(file.policies, "policies"),
      { roots: read(roots), intermediates: read(intermediates) },
    );
  }

  /**
   * The profile of an election: the files (by name) whose digests (hex) its manifest names.
   *
   * Throws EncodingError, and VerificationError for another file, or for a profile that only a test
   * may use where the election is none.
   */
  static open(
    files: ReadonlyMap<string, Uint8Array>,
    digests: ReadonlyMap<string, string>,
    test: boolean,
  ): EidProfile {
    for (const [name, data] of files) {
      if (digests.get(name) !== encodeHex(hashBytes(data))) {
        throw new VerificationError("cast.profile", name, "it is not the manifest's");
      }
    }
    const profile = EidProfile.parse(files);
    if (!test && (profile.test || profile.delegated)) {
      throw new VerificationError("cast.profile", FILE, "only a test may use this eID");
    }
    return profile;
  }

  /**
   * Returns if the certificate may sign and fits the profile at that time (POSIX seconds): key type,
   * policies, chain. Throws VerificationError(checkId, where, …).
   */
  async check(certificate: Certificate, at: number, checkId: string, where: string): Promise<void> {
    const refuse = (why: string): never => {
      throw new VerificationError(checkId, where, why);
    };
    if (!this.keys.includes(certificate.algorithm.keyType)) {
      refuse("the certificate's key type is not allowed");
    }
    const found = policiesOf(certificate) ?? refuse("the certificate is malformed");
    if (found.includes(identifier(TEST_POLICY)) && !this.test) {
      refuse("a card of the test eID identifies nobody");
    }
    if (!this.policies.every((policy) => found.includes(identifier(policy)))) {
      refuse("the certificate lacks a required policy");
    }
    await verifyChain(certificate.der, this.authorities, at, checkId, where);
  }
}

function policiesOf(certificate: Certificate): string[] | null {
  try {
    return Issued.parse(certificate.der).listed(POLICIES);
  } catch (fault) {
    if (!(fault instanceof EncodingError)) throw fault;
    return null;
  }
}

function authoritiesOf(value: Json): readonly string[] {
  return texts(membersOf(value, ["authorities"], "timestamps").authorities, "authorities");
}

function texts(value: Json | undefined, what: string, form?: RegExp): string[] {
  return listOf(value, what).map((text) => textOf(text, what, form));
}

function yaml(data: Uint8Array | undefined): Json {
  if (data === undefined) throw new EncodingError(`${FILE} is missing`);
  const text = decodeUtf8(data, FILE);
  if (text.length > MAX_CHARACTERS) throw new EncodingError(`${FILE} is too long`);
  try {
    return load(text, { schema: CORE_SCHEMA }) as Json;
  } catch (fault) {
    if (!(fault instanceof YAMLException)) throw fault;
    throw new EncodingError(`${FILE} is not readable YAML`);
  }
}

/** The DER of the one certificate in a PEM file. */
function certificateIn(pem: Uint8Array, name: string): Uint8Array {
  const blocks = [...decodeUtf8(pem, name).matchAll(PEM)];
  const [block] = blocks;
  if (block === undefined || blocks.length > 1) {
    throw new EncodingError(`${name} does not hold one certificate`);
  }
  const der = decodeBase64(block[1]!.replace(/\s/g, ""));
  Issued.parse(der);
  return der;
}
