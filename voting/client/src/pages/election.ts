/** The election that the page was made for: its manifest under the pinned digest, and what it says. */

import { decodeHex, decodeUtf8 } from "../../../../crypto/js/bytes.js";
import { Manifest } from "../manifest.js";
import type { Collector } from "./collector.js";
import type { Facts } from "./facts.js";

/**
 * The manifest with the digest `E` (hex), which came with the page, wherever the bytes come from.
 *
 * Throws VerificationError and EncodingError for any other manifest.
 */
export async function openElection(
  collector: Collector,
  E: string,
): Promise<{ readonly manifest: Manifest; readonly facts: Facts }> {
  const data = await collector.file("/election/manifest.json");
  const manifest = Manifest.open(data, decodeHex(E));
  // these bytes are what officials and trustees signed; their digest is the pinned one
  return { manifest, facts: JSON.parse(decodeUtf8(data, "manifest.json")) as Facts };
}
