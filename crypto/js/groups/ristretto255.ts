/** ristretto255 (RFC 9496), the default group. */

import { ristretto255 as noble } from "@noble/curves/ed25519.js";

import * as byteTree from "../byte_tree.js";
import { leafStr } from "../byte_tree.js";
import { encodeHex } from "../bytes.js";
import { EncodingError } from "../errors.js";
import { NobleGroup } from "./noble.js";

type RistrettoPoint = typeof noble.Point.BASE;

const BYTES = 32;
const DESCRIPTION = byteTree.encode([leafStr("ristretto255"), leafStr("RFC9496")]);

export const ristretto255 = new NobleGroup<RistrettoPoint>({
  name: "ristretto255",
  pgroup: `Ristretto255(RFC 9496)::${encodeHex(DESCRIPTION)}`,
  order: 2n ** 252n + 27742317777372353535851937790883648493n, // RFC 9496 §4.4
  scalarBytes: BYTES,
  generator: noble.Point.BASE,
  identity: noble.Point.ZERO,
  toTree: (point) => point.toBytes(),
  fromTree(tree) {
    const data = byteTree.leaf(tree, BYTES, "ristretto255 element");
    try {
      return noble.Point.fromBytes(data); // RFC 9496 §4.3.1
    } catch {
      throw new EncodingError("not the canonical encoding of a ristretto255 element");
    }
  },
  treeOfContents: (contents) => contents,
});
