/**
 * The second device: what the collector shows for a code, checked and opened (docs/specification.md
 * section 7). It says what a voter must compare: the signer's name, every selection, blank ones too,
 * and whether this is the voter's latest ballot.
 */

import * as byteTree from "../../../crypto/js/byte_tree.js";
import { decodeBase64, decodeHex, encodeHex } from "../../../crypto/js/bytes.js";
import { EncodingError, VerificationError } from "../../../crypto/js/errors.js";
import { ballotRandomness } from "../../../crypto/js/proofs/binding.js";
import { EncryptedContest } from "../../../crypto/js/proofs/range_statement.js";
import { hashBytes } from "../../../crypto/js/random_oracle.js";
import type { Steps } from "../../../crypto/js/steps.js";
import { fetchToken } from "./ballot.js";
import {
  DIGEST,
  IDENTIFIER,
  listOf,
  membersOf,
  parseCanonical,
  textOf,
  wholeOf,
} from "./canonical.js";
import type { Certificate } from "./certificate.js";
import { openContainer } from "./container.js";
import type { Choice, Contest } from "./contests.js";
import type { EidProfile } from "./eid_profile.js";
import type { Manifest } from "./manifest.js";
import type { Receipt } from "./receipt.js";
import { checkReceipt } from "./receipt.js";
import { secondsOf } from "./times.js";

const BALLOT = "ballot.json";
const AT_ONCE = 64; // plaintexts that are compared without rest
const MEMBERS = [
  ...["schema", "election", "style", "roll_version", "contests", "after", "fetch"],
] as const;

/** What a QR code holds: the ballot's place in the log, and its secret seed. */
export interface Code {
  readonly sequence: number;
  readonly seed: Uint8Array;
}

/** Throws EncodingError; a code that names an address is none of ours. */
export function parseCode(text: string): Code {
  const [, sequence, seed] = /^SUKASHI1:(0|[1-9][0-9]{0,14}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (sequence === undefined || seed === undefined) {
    throw new EncodingError("this is not the code of a ballot");
  }
  return { sequence: Number(sequence), seed: decodeHex(seed) };
}

/** What the collector holds for a code, checked and opened. */
export interface StoredBallot {
  /** The name on the certificate that signed. */
  readonly signer: string;
  readonly style: string;
  /** By contest, in the order of the ballot. */
  readonly choices: ReadonlyMap<string, Choice>;
  readonly receipt: Receipt;
}

/** The election as a second device knows it: verified. */
export interface Election {
  readonly manifest: Manifest;
  readonly profile: EidProfile;
}

/** What the collector answered, in bytes; nothing of it is believed. */
export interface Answered {
  readonly container: Uint8Array;
  readonly receipt: Uint8Array;
}

/**
 * Checks and opens what is stored; `drive` takes the steps of the opening, and may rest between them.
 *
 * 1. The receipt: signed and cosigned checkpoint, inclusion, the digest of these bytes, the place that
 *    the code names.
 * 2. The container and its one signature, by a card of this election's eID at the time of the entry:
 *    otherwise anybody could have written the name that is shown.
 * 3. Election, style and contests are complete.
 * 4. Every ciphertext is the encryption with the seed's randomness of a number in its range.
 *
 * The caller must still show signer and choices to the voter, who alone knows whether they are right,
 * and whether the ballot is the latest. Throws VerificationError.
 */
export async function look(
  { manifest, profile }: Election,
  code: Code,
  { container: bytes, receipt: proof }: Answered,
  drive: (steps: Steps<ReadonlyMap<string, Choice>>) => Promise<ReadonlyMap<string, Choice>>,
): Promise<StoredBallot> {
  const receipt = checkReceipt(proof, bytes, manifest.log);
  if (receipt.sequence !== code.sequence) {
    throw new VerificationError("verify.receipt", "receipt", "it is of another place in the log");
  }
  const { data, signature } = refusing("verify.container", () => {
    const container = openContainer(bytes, BALLOT, manifest.containerBytes);
    const [signature, ...others] = container.signatures;
    if (signature === undefined || others.length > 0) {
      throw new EncodingError("it has not exactly one signature");
    }
    return { data: container.data, signature };
  });
  const ballot = refusing("verify.container", () => parseBallot(data));
  const certificate = await signature.verify(data, "verify.signature", "ballot");
  const time = secondsOf(receipt.time);
  await profile.check(certificate, time, "verify.certificate", "ballot");
  checkContent(manifest, ballot);
  const choices = await drive(openWithSeed(manifest, ballot, code.seed));
  return { signer: nameOn(certificate), style: ballot.style, choices, receipt };
}

/** ballot.json; nothing of it is judged yet. */
interface Ballot {
  readonly election: string;
  readonly style: string;
  readonly contests: readonly { readonly id: string; readonly tree: byteTree.Tree }[];
  readonly fetch: string;
}

function parseBallot(data: Uint8Array): Ballot {
  const members = membersOf(parseCanonical(data, BALLOT), MEMBERS, BALLOT);
  textOf(members.schema, "schema", /^sukashi\/ballot\/1$/);
  wholeOf(members.roll_version, 1, "roll_version");
  const after = membersOf(members.after, ["size", "root"], "after");
  wholeOf(after.size, 0, "after.size");
  textOf(after.root, "after.root", DIGEST);
  return {
    election: textOf(members.election, "election", DIGEST),
    style: textOf(members.style, "style", IDENTIFIER),
    contests: listOf(members.contests, "contests").map((entry) => {
      const { id, ballot } = membersOf(entry, ["id", "ballot"], "contest");
      const tree = byteTree.decode(decodeBase64(textOf(ballot, "ballot")));
      return { id: textOf(id, "id of a contest", IDENTIFIER), tree };
    }),
    fetch: textOf(members.fetch, "fetch", DIGEST),
  };
}

function checkContent(manifest: Manifest, ballot: Ballot): void {
  if (ballot.election !== encodeHex(manifest.digest)) {
    throw new VerificationError("verify.content", "ballot", "it is of another election");
  }
  const style = manifest.styles.find(({ id }) => id === ballot.style);
  if (style?.contests.join() !== ballot.contests.map(({ id }) => id).join()) {
    throw new VerificationError("verify.content", "ballot", "its contests are not complete");
  }
}

/** The choices, by contest; a step per ciphertext. Throws VerificationError("verify.opening", …). */
function* openWithSeed(
  manifest: Manifest,
  ballot: Ballot,
  seed: Uint8Array,
): Steps<ReadonlyMap<string, Choice>> {
  if (ballot.fetch !== encodeHex(hashBytes(fetchToken(seed, manifest.digest)))) {
    throw new VerificationError("verify.opening", "ballot", "it was not made with this seed");
  }
  const choices = new Map<string, Choice>();
  for (const { id, tree } of ballot.contests) {
    choices.set(id, yield* openContest(manifest, manifest.contest(id), tree, seed));
  }
  return choices;
}

function* openContest(
  manifest: Manifest,
  contest: Contest,
  tree: byteTree.Tree,
  seed: Uint8Array,
): Steps<Choice> {
  const { key } = manifest;
  const { group } = key;
  const { id, N, s, total } = contest;
  const encrypted = refusing("verify.opening", () =>
    EncryptedContest.decode(group, tree, N, s, total),
  );
  const found: number[] = [];
  for (const [i, { u, v }] of encrypted.ciphertexts.entries()) {
    const r = ballotRandomness(group, seed, manifest.digest, id, i);
    if (!u.equals(group.g.power(r))) {
      throw new VerificationError("verify.opening", id, "it was not made with this seed");
    }
    yield;
    // g^m; the first m whose encryption with r is the stored ciphertext
    const hidden = v.over(key.y.power(r));
    let candidate = group.g.over(group.g);
    let m = 0;
    for (; m < N && !hidden.equals(candidate); m++) {
      candidate = candidate.times(group.g);
      if (m % AT_ONCE === 0) yield;
    }
    if (m === N) throw new VerificationError("verify.opening", id, "it holds no option");
    found.push(m);
    yield;
  }
  return contest.choice(found);
}

function nameOn(certificate: Certificate): string {
  return certificate.commonName[0] ?? "?";
}

/** What `parse` returns; bytes that it refuses fail this check. */
function refusing<T>(checkId: string, parse: () => T): T {
  try {
    return parse();
  } catch (fault) {
    if (!(fault instanceof EncodingError)) throw fault;
    throw new VerificationError(checkId, "ballot", fault.message);
  }
}
