/** How voting/client answers each kind of question. */

import { decodeHex, encodeHex, encodeUtf8 } from "../../crypto/js/bytes.js";
import { finish } from "../../crypto/js/steps.js";
import { build, checkIdentifier, codeText, fetchToken } from "../../voting/client/src/ballot.js";
import type { Json } from "../../voting/client/src/canonical.js";
import { canonical, parseCanonical } from "../../voting/client/src/canonical.js";
import { Certificate } from "../../voting/client/src/certificate.js";
import { Signing } from "../../voting/client/src/container.js";
import { parseContest } from "../../voting/client/src/contests.js";
import { Manifest } from "../../voting/client/src/manifest.js";
import { checkReceipt, openAnchor } from "../../voting/client/src/receipt.js";
import type { Asked, Kinds } from "./asked.js";

function manifestOf(asked: Asked): Manifest {
  return Manifest.open(encodeUtf8(asked.text("manifest")), asked.bytes("E"));
}

function signingOf(asked: Asked): Signing {
  const certificate = Certificate.parse(asked.bytes("certificate"));
  return new Signing(asked.bytes("data"), certificate, new Date(asked.text("time")));
}

export const VOTING_KINDS: Kinds = {
  canonical: (asked) => encodeHex(canonical(parseCanonical(asked.bytes("data"), "a document"))),

  plaintexts(asked) {
    const contest = parseContest(asked.members.contest as Json);
    const m = contest.plaintexts(asked.list("choice").map(Number));
    return `${m.join(" ")} of ${contest.N}, ${contest.total?.join(" to ") ?? "no total"}`;
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
};
