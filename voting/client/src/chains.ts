/**
 * Chains from a person's certificate to a root that an election names (RFC 5280 section 6, as far as
 * the eIDs need it): what the Python leaves to its library, in the same strictness or a greater one.
 *
 * Greater: an authority that limits names is refused instead of asked which, and RSA with PSS too.
 */

import { EncodingError, VerificationError } from "../../../crypto/js/errors.js";
import {
  BASIC_CONSTRAINTS,
  Issued,
  identifier,
  KEY_USAGE,
  NAME_CONSTRAINTS,
  PURPOSES,
} from "./issued.js";

const MOST_BETWEEN = 2; // authorities between person and root
const CONTENT_COMMITMENT = 1 << 1; // nonRepudiation: the key signs declarations
const KEY_CERT_SIGN = 1 << 5;
const CLIENT_AUTH = identifier("1.3.6.1.5.5.7.3.2");
const ANY_PURPOSE = identifier("2.5.29.37.0");
/** Those that are looked at here, or say nothing that limits what is done here. */
const KNOWN = [
  KEY_USAGE,
  BASIC_CONSTRAINTS,
  PURPOSES,
  NAME_CONSTRAINTS,
  ...["2.5.29.14", "2.5.29.17", "2.5.29.35", "1.3.6.1.5.5.7.1.1"].map(identifier),
];

/** CA certificates in DER; a root is trusted as it stands, self-signed or not. */
export interface Authorities {
  readonly roots: readonly Uint8Array[];
  readonly intermediates: readonly Uint8Array[];
}

/**
 * Returns if the certificate is a person's with which declarations are signed, and there is a chain
 * from it to a root, all valid at `at` (POSIX seconds).
 *
 * 1. The key usage is critical and has nonRepudiation; it is no authority's.
 * 2. Each issuer's subject is the issuer named below it, and its key made the signature below.
 * 3. Each issuer is an authority (critical), may sign certificates, and has as few below it as it
 *    allows; the purposes that it names, if any, hold clientAuth.
 * 4. No extension that is critical is unknown here, in any of them.
 *
 * Throws VerificationError(checkId, where, …).
 */
export async function verifyChain(
  certificate: Uint8Array,
  authorities: Authorities,
  at: number,
  checkId: string,
  where: string,
): Promise<void> {
  try {
    const person = Issued.parse(certificate);
    if (signsDeclarations(person, at) && (await climbs(person, authorities, at, 0))) return;
  } catch (fault) {
    if (!(fault instanceof EncodingError)) throw fault;
  }
  const why = "the certificate is not valid under the profile";
  throw new VerificationError(checkId, where, why);
}

async function climbs(
  below: Issued,
  authorities: Authorities,
  at: number,
  between: number,
): Promise<boolean> {
  for (const root of authorities.roots.map(Issued.parse)) {
    if (mayIssue(root, below, at, between) && (await below.signedBy(root))) return true;
  }
  if (between === MOST_BETWEEN) return false;
  for (const issuer of authorities.intermediates.map(Issued.parse)) {
    if (!mayIssue(issuer, below, at, between) || !(await below.signedBy(issuer))) continue;
    if (await climbs(issuer, authorities, at, between + 1)) return true;
  }
  return false;
}

function signsDeclarations(person: Issued, at: number): boolean {
  const usage = person.extensions.get(KEY_USAGE);
  const signs = usage?.critical === true && (person.usage & CONTENT_COMMITMENT) !== 0;
  return signs && !person.authority.is && stands(person, at);
}

/** `between`: how many authorities stand below it already. */
function mayIssue(issuer: Issued, below: Issued, at: number, between: number): boolean {
  if (issuer.subject !== below.issuer || !stands(issuer, at)) return false;
  const { is, below: most } = issuer.authority;
  const critical = issuer.extensions.get(BASIC_CONSTRAINTS)?.critical === true;
  if (!is || !critical || (most !== null && most < BigInt(between))) return false;
  const purposes = issuer.listed(PURPOSES);
  const forPersons = purposes.includes(CLIENT_AUTH) || purposes.includes(ANY_PURPOSE);
  if (issuer.extensions.has(PURPOSES) && !forPersons) return false;
  return (issuer.usage & KEY_CERT_SIGN) !== 0 && !issuer.extensions.has(NAME_CONSTRAINTS);
}

function stands(certificate: Issued, at: number): boolean {
  const [from, until] = certificate.valid;
  if (at < from || at > until) return false;
  return [...certificate.extensions].every(([name, { critical }]) => {
    return !critical || KNOWN.includes(name);
  });
}
