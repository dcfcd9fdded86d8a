/** The groups in which this client votes, by name. */

import { EncodingError } from "../errors.js";
import type { Group } from "./api.js";
import { P256, P384 } from "./curves.js";
import { ristretto255 } from "./ristretto255.js";

const GROUPS: readonly Group[] = [ristretto255, P256, P384];

/**
 * The group that a manifest names. Throws EncodingError for an unknown one, and for those of squares
 * modulo a prime: a browser takes some 50 ms for a power there, and does not hide the exponent.
 */
export function groupByName(name: string): Group {
  const found = GROUPS.find((group) => group.name === name);
  if (found !== undefined) return found;
  const known = GROUPS.map((group) => group.name).join(", ");
  throw new EncodingError(`the browser cannot vote in the group ${name}; it can in ${known}`);
}

export type { Element, Group, Scalar } from "./api.js";
