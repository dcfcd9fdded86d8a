/**
 * P-256 and P-384 (NIST SP 800-186), for elections that the manifest calls a test.
 *
 * A point is encoded as Verificatum does (docs/specification.md section 3): a node of the leaves of
 * x and y, each of tl(p) bytes; the identity is FF in every byte.
 */

import { p256, p384 } from "@noble/curves/nist.js";

import * as byteTree from "../byte_tree.js";
import { leafStr, naturalLength } from "../byte_tree.js";
import { decodeInteger, encodeHex, encodeInteger, equalBytes } from "../bytes.js";
import { EncodingError } from "../errors.js";
import { NobleGroup } from "./noble.js";

type WeierstrassPoint = typeof p256.Point.BASE;

const JAVA_CLASS = "com.verificatum.arithm.ECqPGroup";

function curve(name: string, Point: typeof p256.Point): NobleGroup<WeierstrassPoint> {
  const p = Point.Fp.ORDER;
  const size = naturalLength(p);
  const unit = new Uint8Array(size).fill(0xff);
  const description = byteTree.encode([leafStr(JAVA_CLASS), leafStr(name)]);
  return new NobleGroup<WeierstrassPoint>({
    name,
    pgroup: `ECqPGroup(${name})::${encodeHex(description)}`,
    order: Point.Fn.ORDER,
    scalarBytes: naturalLength(Point.Fn.ORDER),
    generator: Point.BASE,
    identity: Point.ZERO,
    toTree(point) {
      if (point.is0()) return [unit, unit];
      const { x, y } = point.toAffine();
      return [encodeInteger(x, size), encodeInteger(y, size)];
    },
    fromTree(tree) {
      const leaves = byteTree.children(tree, 2, "point");
      const [x, y] = leaves.map((part) => byteTree.leaf(part, size, "coordinate"));
      if (equalBytes(x!, unit) && equalBytes(y!, unit)) return Point.ZERO;
      const affine = { x: decodeInteger(x!), y: decodeInteger(y!) };
      if (affine.x >= p || affine.y >= p) {
        throw new EncodingError("coordinate: not below its modulus");
      }
      try {
        const point = Point.fromAffine(affine);
        point.assertValidity();
        return point;
      } catch {
        throw new EncodingError(`not a point of ${name}`);
      }
    },
    treeOfContents: (contents) => [contents.slice(0, size), contents.slice(size)],
  });
}

export const P256 = curve("P-256", p256.Point);
export const P384 = curve("P-384", p384.Point);
