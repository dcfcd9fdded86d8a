/**
 * What the page was published with, beside its bundle at its own origin: whom it trusts, and where the
 * collector is. Neither ever comes from the collector.
 */

import { EncodingError } from "../../../../../crypto/js/errors.js";
import { membersOf, parseCanonical, textOf } from "../../canonical.js";
import type { Trust } from "../../trust.js";
import { parseTrust } from "../../trust.js";
import type { Collector } from "../collector.js";

export interface Pinned {
  readonly trust: Trust;
  /** The collector's origin. */
  readonly collector: string;
}

const ORIGIN = /^(https:\/\/[a-z0-9.:-]+|http:\/\/localhost:[0-9]+)$/;

/** trust.json and page.json of the page's own site. Throws EncodingError for other forms. */
export async function readPinned(site: Collector): Promise<Pinned> {
  const [trust, page] = await Promise.all([site.file("/trust.json"), site.file("/page.json")]);
  const members = membersOf(parseCanonical(page, "page.json"), ["schema", "collector"], "page");
  if (members.schema !== "sukashi/second-device/1") {
    throw new EncodingError("page.json is not the file of a second device's page");
  }
  return {
    trust: parseTrust(trust),
    collector: textOf(members.collector, "collector", ORIGIN),
  };
}
