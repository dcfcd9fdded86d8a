/**
 * The ballot (docs/specification.md section 4): what is encrypted, proven and then signed, and the
 * code by which a second device finds and opens it.
 */

import * as byteTree from "../../../crypto/js/byte_tree.js";
import { leafStr } from "../../../crypto/js/byte_tree.js";
import { encodeBase64, encodeHex } from "../../../crypto/js/bytes.js";
import { VerificationError } from "../../../crypto/js/errors.js";
import {
  ballotPrefix,
  ballotRandomness,
  noncePrg,
  SEED_BYTES,
  voterDigest,
} from "../../../crypto/js/proofs/binding.js";
import { encrypt, prove } from "../../../crypto/js/proofs/range.js";
import { EncryptedContest, RangeStatement } from "../../../crypto/js/proofs/range_statement.js";
import { hashBytes, hashTree } from "../../../crypto/js/random_oracle.js";
import type { Steps } from "../../../crypto/js/steps.js";
import { canonical } from "./canonical.js";
import type { Certificate } from "./certificate.js";
import type { Choice, Contest } from "./contests.js";
import type { BallotStyle, Manifest } from "./manifest.js";
import type { Anchor } from "./receipt.js";

const TOKEN_BYTES = 16;

/** What a ballot says beside its choices. */
export interface Voting {
  readonly manifest: Manifest;
  readonly style: BallotStyle;
  /** The roll identifier, of `checkIdentifier`. */
  readonly identifier: string;
  readonly rollVersion: number;
  /** The log that the page saw just before. */
  readonly after: Anchor;
}

/** 32 secret bytes for one ballot alone: another attempt takes another seed. */
export function newSeed(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(SEED_BYTES));
}

/**
 * Checks that the identifier, which the collector told, stands in the certificate that will sign: as
 * the serial number or common name, or at its end behind what is neither a letter nor a digit, as in
 * every eID profile that ships.
 *
 * Otherwise a collector could have this voter prove a choice in another voter's name, who then signs
 * a copy of it without knowing it. Throws VerificationError.
 */
export function checkIdentifier(certificate: Certificate, identifier: string): void {
  const names = [...certificate.serialNumber, ...certificate.commonName];
  const is = (name: string): boolean => {
    const before = name.slice(0, name.length - identifier.length);
    return name === before + identifier && !/[\p{L}\p{N}]$/u.test(before);
  };
  if (identifier === "" || !names.some(is)) {
    throw new VerificationError("cast.identifier", "certificate", "the card is another person's");
  }
}

/**
 * ballot.json for these choices (by contest); a step per ciphertext and per bit.
 *
 * Throws RangeError for a choice that a contest does not have, or a contest without a choice.
 */
export function* build(
  voting: Voting,
  choices: ReadonlyMap<string, Choice>,
  seed: Uint8Array,
): Steps<Uint8Array> {
  const { manifest, style, rollVersion, after } = voting;
  const chosen = style.contests.map((id): [Contest, readonly number[]] => {
    const choice = choices.get(id);
    if (choice === undefined) throw new RangeError(`nothing was chosen in ${id}`);
    const contest = manifest.contest(id);
    return [contest, contest.plaintexts(choice)];
  });
  const contests: { id: string; ballot: string }[] = [];
  for (const [contest, m] of chosen) {
    const encrypted = yield* encryptContest(voting, contest, m, seed);
    const ballot = encodeBase64(byteTree.encode(encrypted.tree()));
    contests.push({ id: contest.id, ballot });
  }
  return canonical({
    schema: "sukashi/ballot/1",
    election: encodeHex(manifest.digest),
    style: style.id,
    roll_version: rollVersion,
    contests,
    after: { size: after.size, root: after.root },
    fetch: encodeHex(hashBytes(fetchToken(seed, manifest.digest))),
  });
}

function* encryptContest(
  { manifest, style, identifier }: Voting,
  contest: Contest,
  m: readonly number[],
  seed: Uint8Array,
): Steps<EncryptedContest> {
  const { digest: E, key } = manifest;
  const { N, s, total } = contest;
  const rhoB = ballotPrefix({
    E,
    style: style.id,
    contest: contest.id,
    voter: voterDigest(E, identifier),
    pgroup: key.group.pgroup,
    N,
    s,
    total,
  });
  const statement = new RangeStatement(key, N, s, rhoB, total);
  const r = m.map((_, i) => ballotRandomness(key.group, seed, E, contest.id, i));
  const c = yield* encrypt(key, m, r);
  const fresh = crypto.getRandomValues(new Uint8Array(SEED_BYTES));
  const proof = yield* prove(statement, c, m, r, noncePrg(fresh, seed, rhoB, c, m));
  return new EncryptedContest(c, proof);
}

/** τ = first 16 bytes of H(node(leaf("sukashi/fetch"), leaf(seed), leaf(E))). */
export function fetchToken(seed: Uint8Array, E: Uint8Array): Uint8Array {
  return hashTree([leafStr("sukashi/fetch"), seed, E]).slice(0, TOKEN_BYTES);
}

/** What the QR code holds: shown only after the receipt was checked. */
export function codeText(sequence: number, seed: Uint8Array): string {
  return `SUKASHI1:${sequence}:${encodeHex(seed)}`;
}
