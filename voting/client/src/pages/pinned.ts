/**
 * What the page was published with, beside its bundle: page.json of its own origin. The election digest
 * in it is what everything else is checked against, so it comes from whoever publishes the page, never
 * from the collector.
 */

import { EncodingError } from "../../../../crypto/js/errors.js";
import { DIGEST, membersOf, parseCanonical, textOf } from "../canonical.js";
import type { Collector } from "./collector.js";

export interface Pinned {
  /** E, in hex. */
  readonly election: string;
  /** The origin of the second device's page; empty where the election has none. */
  readonly second: string;
}

const ORIGIN = /^(https:\/\/[a-z0-9.:-]+|http:\/\/localhost:[0-9]+)?$/;

/** Throws EncodingError for a file of another form. */
export async function readPinned(site: Collector): Promise<Pinned> {
  const names = ["schema", "election", "second_device"] as const;
  const members = membersOf(
    parseCanonical(await site.file("/page.json"), "page.json"),
    names,
    "page",
  );
  if (members.schema !== "sukashi/page/1") throw new EncodingError("page.json is no page file");
  return {
    election: textOf(members.election, "election", DIGEST),
    second: textOf(members.second_device, "second_device", ORIGIN),
  };
}
