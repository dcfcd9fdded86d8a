/** How voting/client answers each kind of question. */

import { decodeHex, encodeHex, encodeUtf8 } from "../../crypto/js/bytes.js";
import { SukashiError, VerificationError } from "../../crypto/js/errors.js";
import type { Steps } from "../../crypto/js/steps.js";
import { finish } from "../../crypto/js/steps.js";
import { build, checkIdentifier, codeText, fetchToken } from "../../voting/client/src/ballot.js";
import type { Json } from "../../voting/client/src/canonical.js";
import { canonical, parseCanonical } from "../../voting/client/src/canonical.js";
import { Certificate } from "../../voting/client/src/certificate.js";
import { openContainer, Signing } from "../../voting/client/src/container.js";
import { parseContest } from "../../voting/client/src/contests.js";
import { EidProfile } from "../../voting/client/src/eid_profile.js";
import { Manifest } from "../../voting/client/src/manifest.js";
import { checkReceipt, openAnchor } from "../../voting/client/src/receipt.js";
import { look, parseCode } from "../../voting/client/src/second_device.js";
import { openSignedManifest, parseTrust } from "../../voting/client/src/trust.js";
import type { Asked, Kinds } from "./asked.js";

function manifestOf(asked: Asked): Manifest {
  return Manifest.open(encodeUtf8(asked.text("manifest")), asked.bytes("E"));
}

function signingOf(asked: Asked): Signing {
  const certificate = Certificate.parse(asked.bytes("certificate"));
  return new Signing(asked.bytes("data"), certificate, new Date(asked.text("time")));
}

function filesOf(asked: Asked): Map<string, Uint8Array> {
  const files = Object.entries(asked.members.profile as Record<string, string>);
  return new Map(files.map(([name, hex]) => [name, decodeHex(hex)]));
}

function signedManifestOf(asked: Asked): ReturnType<typeof openSignedManifest> {
  const files = { signed: asked.bytes("signed"), trustees: asked.bytes("trustees") };
  return openSignedManifest(files, parseTrust(asked.bytes("trust")));
}

/** Where the two languages may refuse for reasons of different classes. */
async function refusedOr(look: () => Promise<string>): Promise<string> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof SukashiError)) throw error;
    return "refused";
  }
}

export const VOTING_KINDS: Kinds = {
  canonical: (asked) => encodeHex(canonical(parseCanonical(asked.bytes("data"), "a document"))),

  plaintexts(asked) {
    const contest = parseContest(asked.members.contest as Json);
    const m = contest.plaintexts(asked.list("choice").map(Number));
    return `${m.join(" ")} of ${contest.N}, ${contest.total?.join(" to ") ?? "no total"}`;
  },

  choice(asked) {
    const contest = parseContest(asked.members.contest as Json);
    return contest.choice(asked.list("m").map(Number)).join(" ");
  },

  certificate(asked) {
    const { algorithm, serialNumber, commonName } = Certificate.parse(asked.bytes("data"));
    return [algorithm.uri, ...serialNumber, ...commonName].join("|");
  },

  identifier(asked) {
    checkIdentifier(Certificate.parse(asked.bytes("certificate")), asked.text("identifier"));
    return "holds";
  },

  manifest(asked) {
    const { name, log } = manifestOf(asked);
    return [name, log.log, ...log.witnesses, log.required]
      .map((part) => (typeof part === "object" ? part.vkey() : part))
      .join(" ");
  },

  /** ballot.json with fresh randomness: no two answers are equal. */
  ballot(asked) {
    const manifest = manifestOf(asked);
    const voting = {
      manifest,
      style: manifest.style(asked.text("style")),
      identifier: asked.text("identifier"),
      rollVersion: asked.number("roll_version"),
      after: { size: asked.number("size"), root: asked.text("root") },
    };
    const choices = asked.members.choices as Readonly<Record<string, number[]>>;
    const made = build(voting, new Map(Object.entries(choices)), asked.bytes("seed"));
    return encodeHex(finish(made));
  },

  code: (asked) => codeText(asked.number("sequence"), asked.bytes("seed")),

  fetch_token: (asked) => encodeHex(fetchToken(asked.bytes("seed"), asked.bytes("E"))),

  /** What the card is to sign. */
  to_sign: async (asked) => encodeHex(await signingOf(asked).digest()),

  container: async (asked) => encodeHex(await signingOf(asked).seal(asked.bytes("value"))),

  anchor(asked) {
    const { size, root } = openAnchor(asked.bytes("data"), manifestOf(asked).log);
    return `${size} ${root}`;
  },

  receipt(asked) {
    const { log } = manifestOf(asked);
    const receipt = checkReceipt(asked.bytes("data"), decodeHex(asked.text("container")), log);
    return `${receipt.sequence} ${receipt.time} of ${receipt.checkpoint.size}`;
  },

  read_code(asked) {
    const { sequence, seed } = parseCode(asked.text("text"));
    return `${sequence} ${encodeHex(seed)}`;
  },

  open_container: (asked) =>
    refusedOr(async () => {
      const bytes = asked.bytes("data");
      const { data, signatures } = openContainer(bytes, asked.text("name"), asked.number("limit"));
      for (const signature of signatures) await signature.verify(data, "verify.signature", "data");
      return `${encodeHex(data)} signed by ${signatures.length}`;
    }),

  profile(asked) {
    const { test, delegated } = EidProfile.parse(filesOf(asked));
    return `test: ${test}, delegated: ${delegated}`;
  },

  /** Whether a certificate may sign under a profile. */
  may_sign: (asked) =>
    refusedOr(async () => {
      const profile = EidProfile.parse(filesOf(asked));
      const certificate = Certificate.parse(asked.bytes("certificate"));
      await profile.check(certificate, asked.number("at"), "verify.certificate", "ballot");
      return "holds";
    }),

  async signed_manifest(asked) {
    const { manifest } = await signedManifestOf(asked);
    return encodeHex(manifest.digest);
  },

  /** What a second device shows, or which check refuses it. */
  async look(asked) {
    const { manifest } = await signedManifestOf(asked);
    const profile = EidProfile.open(filesOf(asked), manifest.eidProfile, manifest.test);
    const answered = { container: asked.bytes("container"), receipt: asked.bytes("receipt") };
    const drive = async <T>(steps: Steps<T>): Promise<T> => finish(steps);
    const code = parseCode(asked.text("code"));
    try {
      const found = await look({ manifest, profile }, code, answered, drive);
      const { signer, style, choices, receipt } = found;
      const { sequence } = receipt;
      return JSON.stringify({ signer, style, choices: Object.fromEntries(choices), sequence });
    } catch (error) {
      if (!(error instanceof VerificationError)) throw error;
      return JSON.stringify({ refused: error.checkId });
    }
  },
};
