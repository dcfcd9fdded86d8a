/**
 * Whom the second device trusts, from outside what it reads, and the manifest that they signed
 * (docs/specification.md section 2.1).
 */

import { decodeBase64, decodeHex, encodeBase64 } from "../../../crypto/js/bytes.js";
import { EncodingError, VerificationError } from "../../../crypto/js/errors.js";
import { hashBytes } from "../../../crypto/js/random_oracle.js";
import { statement } from "../../../crypto/js/signing.js";
import { COSIGNATURE_V1, VerifierKey } from "../../../crypto/js/tlog/note.js";
import { IDENTIFIER, listOf, membersOf, parseCanonical, textOf, wholeOf } from "./canonical.js";
import type { Container } from "./container.js";
import { openContainer } from "./container.js";
import { Manifest } from "./manifest.js";

const CHECK = "manifest.signatures";
const NAME = "manifest.json";
const TRUSTEES = "manifest.trustees.json";
const SCHEMA = "sukashi/manifest/1";
const LIMIT = 1 << 24; // bytes of the signed manifest
const SIGNATURE = /^[0-9a-f]{128}$/;

/** trust.json. */
export interface Trust {
  /** The election. */
  readonly name: string;
  readonly officials: { readonly required: number; readonly certificates: readonly string[] };
  readonly witnesses: { readonly required: number; readonly vkeys: readonly string[] };
}

/** Throws EncodingError. */
export function parseTrust(data: Uint8Array): Trust {
  const names = ["schema", "name", "officials", "witnesses"] as const;
  const members = membersOf(parseCanonical(data, "trust.json"), names, "trust.json");
  textOf(members.schema, "schema", /^sukashi\/trust\/1$/);
  const officials = membersOf(members.officials, ["required", "certificates"], "officials");
  const witnesses = membersOf(members.witnesses, ["required", "vkeys"], "witnesses");
  const vkeys = listOf(witnesses.vkeys, "vkeys").map((vkey) => textOf(vkey, "vkey"));
  if (!vkeys.every((vkey) => VerifierKey.parse(vkey).algorithm === COSIGNATURE_V1)) {
    throw new EncodingError("it is not the key of a witness (type 0x04)");
  }
  return {
    name: textOf(members.name, "name", IDENTIFIER),
    officials: {
      required: wholeOf(officials.required, 1, "officials.required"),
      certificates: listOf(officials.certificates, "certificates").map((certificate) =>
        encodeBase64(decodeBase64(textOf(certificate, "certificate"))),
      ),
    },
    witnesses: { required: wholeOf(witnesses.required, 0, "witnesses.required"), vkeys },
  };
}

/** What the collector serves of an election, in bytes. */
export interface ManifestFiles {
  /** manifest.asice */
  readonly signed: Uint8Array;
  /** manifest.trustees.json */
  readonly trustees: Uint8Array;
}

/**
 * The manifest, and its bytes, if the trusted ones made it:
 *
 * 1. As many of the trusted officials as required signed it, nobody else, and nobody twice.
 * 2. It is the trusted election's, and its witnesses are the trusted ones, in order and number.
 * 3. All trustees whom it names signed it.
 *
 * Which rules its facts keep (`voting election check`) is what its signers answer for. Throws
 * VerificationError and EncodingError.
 */
export async function openSignedManifest(
  files: ManifestFiles,
  trust: Trust,
): Promise<{ readonly manifest: Manifest; readonly data: Uint8Array }> {
  const container = openContainer(files.signed, NAME, LIMIT);
  await verifyOfficials(container, trust);
  const { data } = container;
  const manifest = Manifest.open(data, hashBytes(data));
  const { log } = manifest;
  const vkeys = log.witnesses.map((witness) => witness.vkey());
  const { witnesses } = trust;
  if (manifest.name !== trust.name) refuse(NAME, `it is of the election ${manifest.name}`);
  if (log.required !== witnesses.required || vkeys.join() !== witnesses.vkeys.join()) {
    refuse(NAME, "it names other witnesses of the log than the trusted ones");
  }
  verifyTrustees(manifest, data, files.trustees);
  return { manifest, data };
}

async function verifyOfficials(container: Container, trust: Trust): Promise<void> {
  const { required, certificates } = trust.officials;
  const signers = new Set<string>();
  for (const signature of container.signatures) {
    const signer = encodeBase64(signature.fields.certificate);
    if (!certificates.includes(signer)) refuse(NAME, "a signer is no official of this election");
    if (signers.has(signer)) refuse(NAME, "an official signed twice");
    await signature.verify(container.data, CHECK, NAME);
    signers.add(signer);
  }
  if (signers.size < required) {
    refuse(NAME, `${signers.size} officials signed, ${required} are required`);
  }
}

function verifyTrustees(manifest: Manifest, data: Uint8Array, signed: Uint8Array): void {
  const file = membersOf(parseCanonical(signed, TRUSTEES), ["schema", "signatures"], TRUSTEES);
  textOf(file.schema, "schema", /^sukashi\/manifest-trustees\/1$/);
  const found = listOf(file.signatures, "signatures").map((entry) => {
    const { trustee, signature } = membersOf(entry, ["trustee", "signature"], "signature");
    const value = decodeHex(textOf(signature, "signature", SIGNATURE));
    return { id: textOf(trustee, "trustee", IDENTIFIER), value };
  });
  const { trustees } = manifest;
  if (found.map(({ id }) => id).join() !== trustees.map(({ id }) => id).join()) {
    refuse(TRUSTEES, "not one signature per trustee");
  }
  const said = statement(SCHEMA, manifest.digest, data);
  for (const [i, { id, key }] of trustees.entries()) {
    key.verifyText(found[i]!.value, said, CHECK, id);
  }
}

function refuse(where: string, why: string): never {
  throw new VerificationError(CHECK, where, why);
}
