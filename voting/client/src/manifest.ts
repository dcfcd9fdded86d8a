/**
 * The manifest, as far as a ballot and a receipt are computed from it (docs/specification.md section
 * 2.1). What a page shows (titles, names, readings) is read where it is shown.
 */

import { decodeHex, encodeHex, equalBytes } from "../../../crypto/js/bytes.js";
import { PublicKey } from "../../../crypto/js/elgamal.js";
import { EncodingError, VerificationError } from "../../../crypto/js/errors.js";
import { groupByName } from "../../../crypto/js/groups/index.js";
import { hashBytes } from "../../../crypto/js/random_oracle.js";
import { PublicKey as SignatureKey } from "../../../crypto/js/signing.js";
import { COSIGNATURE_V1, ED25519, VerifierKey } from "../../../crypto/js/tlog/note.js";
import type { LogPolicy } from "../../../crypto/js/tlog/proof.js";
import type { Json } from "./canonical.js";
import {
  booleanOf,
  DIGEST,
  IDENTIFIER,
  listOf,
  membersOf,
  objectOf,
  parseCanonical,
  textOf,
  wholeOf,
} from "./canonical.js";
import type { Contest } from "./contests.js";
import { parseContest } from "./contests.js";

const MEMBERS = [
  ...["schema", "name", "title", "test", "languages", "publication", "group", "period"],
  ...["election_day", "eligibility", "districts", "contests", "ballot_styles", "privacy_minimum"],
  ...["merge_order", "limits", "parties", "key", "digests"],
];
const LIMITS = [
  ...["ballots_per_voter", "anchor_minutes", "verification_minutes", "verification_reads"],
  "container_bytes",
];
const PARTY = ["id", "name", "operator", "public_key"];
const PARTIES = ["officials", "trustees", "mixers", "collector", "auditors", "witnesses"] as const;
const NOT_FOR_TESTS = "ristretto255"; // the one group of ours that is not for tests alone

export interface BallotStyle {
  readonly id: string;
  readonly district: string;
  readonly contests: readonly string[];
}

export interface Trustee {
  readonly id: string;
  readonly key: SignatureKey;
}

export class Manifest {
  private constructor(
    /** E. */
    readonly digest: Uint8Array,
    readonly name: string,
    readonly test: boolean,
    readonly key: PublicKey,
    readonly contests: readonly Contest[],
    readonly styles: readonly BallotStyle[],
    readonly containerBytes: number,
    /** Whose word on the log counts. */
    readonly log: LogPolicy,
    readonly trustees: readonly Trustee[],
    /** Of each file of the eID profile, H in hex. */
    readonly eidProfile: ReadonlyMap<string, string>,
  ) {}

  /**
   * The manifest that `data` encodes, which must be the one with the digest `E`.
   *
   * `E` comes from what the voter trusts: the page's own pinned value, a poll card; never from where
   * `data` came from. Throws VerificationError for another manifest, EncodingError for none.
   */
  static open(data: Uint8Array, E: Uint8Array): Manifest {
    const digest = hashBytes(data);
    if (!equalBytes(digest, E)) {
      const why = `it is the manifest of another election, ${encodeHex(digest)}`;
      throw new VerificationError("manifest.trust", "manifest.json", why);
    }
    const members = membersOf(parseCanonical(data, "manifest.json"), MEMBERS, "manifest.json");
    textOf(members.schema, "schema", /^sukashi\/manifest\/1$/);
    const test = booleanOf(members.test, "test");
    const limits = membersOf(members.limits, LIMITS, "limits");
    return new Manifest(
      digest,
      textOf(members.name, "name", IDENTIFIER),
      test,
      parseKey(members.group, members.key, test),
      listOf(members.contests, "contests").map(parseContest),
      listOf(members.ballot_styles, "ballot_styles").map(parseStyle),
      wholeOf(limits.container_bytes, 1, "container_bytes"),
      parsePolicy(members.parties, digest),
      parseTrustees(members.parties),
      parseProfile(members.digests),
    );
  }

  /** Throws RangeError for an unknown id. */
  contest(id: string): Contest {
    return byId(this.contests, id);
  }

  /** Throws RangeError for an unknown id. */
  style(id: string): BallotStyle {
    return byId(this.styles, id);
  }
}

function byId<T extends { readonly id: string }>(entries: readonly T[], id: string): T {
  const found = entries.find((entry) => entry.id === id);
  if (found === undefined) throw new RangeError(`there is no ${id}`);
  return found;
}

function parseKey(ofGroup: Json | undefined, ofKey: Json | undefined, test: boolean): PublicKey {
  const { name, pgroup } = membersOf(ofGroup, ["name", "pgroup"], "group");
  const group = groupByName(textOf(name, "group.name"));
  if (group.pgroup !== pgroup) throw new EncodingError("group.pgroup is not the group's");
  if (group.name !== NOT_FOR_TESTS && !test) {
    throw new EncodingError(`the group ${group.name} is for test elections alone`);
  }
  const { y } = membersOf(ofKey, ["y", "commitments", "shares", "ceremony"], "key");
  return new PublicKey(group.elementFromHex(textOf(y, "key.y"), false));
}

function parseStyle(value: Json): BallotStyle {
  const { id, district, contests } = membersOf(value, ["id", "district", "contests"], "style");
  return {
    id: textOf(id, "id of a style", IDENTIFIER),
    district: textOf(district, "district of a style", IDENTIFIER),
    contests: listOf(contests, "contests").map((contest) => textOf(contest, "contest", IDENTIFIER)),
  };
}

function parsePolicy(value: Json | undefined, E: Uint8Array): LogPolicy {
  const parties = membersOf(value, PARTIES, "parties");
  const collector = membersOf(parties.collector, [...PARTY, "log_name"], "collector");
  const origin = `${textOf(collector.log_name, "log_name")}/${encodeHex(E)}`;
  const witnesses = membersOf(parties.witnesses, ["required", "members"], "witnesses");
  return {
    log: new VerifierKey(origin, keyOf(collector.public_key), ED25519),
    witnesses: listOf(witnesses.members, "witnesses").map((member) => {
      const witness = membersOf(member, [...PARTY, "key_name"], "witness");
      const name = textOf(witness.key_name, "key_name");
      return new VerifierKey(name, keyOf(witness.public_key), COSIGNATURE_V1);
    }),
    required: wholeOf(witnesses.required, 0, "witnesses.required"),
  };
}

function parseTrustees(value: Json | undefined): Trustee[] {
  const { trustees } = membersOf(value, PARTIES, "parties");
  const { members } = membersOf(trustees, ["threshold", "members"], "trustees");
  return listOf(members, "trustees").map((member) => {
    const { id, public_key } = membersOf(member, PARTY, "trustee");
    return { id: textOf(id, "id of a trustee", IDENTIFIER), key: keyOf(public_key) };
  });
}

function parseProfile(value: Json | undefined): ReadonlyMap<string, string> {
  const names = ["configuration", "eid_profile", "roll"] as const;
  const { eid_profile } = membersOf(value, names, "digests");
  const files = Object.entries(objectOf(eid_profile, "eid_profile"));
  return new Map(files.map(([name, digest]) => [name, textOf(digest, "digest", DIGEST)]));
}

function keyOf(value: Json | undefined): SignatureKey {
  return new SignatureKey(decodeHex(textOf(value, "public_key", DIGEST)));
}
