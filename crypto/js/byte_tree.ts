/**
 * Byte trees: the one serialization of every mathematical value (docs/specification.md section 1;
 * format of Verificatum 3.1).
 *
 * A tree is a leaf (`Uint8Array`) or a node (an array of trees):
 *
 *     leaf(b)          = 01 ‖ len(b) as 4 bytes big-endian ‖ b
 *     node(t_1 .. t_n) = 00 ‖ n      as 4 bytes big-endian ‖ t_1 ‖ .. ‖ t_n
 *
 * Every tree has exactly one encoding, and `decode` accepts nothing else.
 */

import { concatBytes, encodeInteger, encodeUtf8 } from "./bytes.js";
import { EncodingError } from "./errors.js";

export type Leaf = Uint8Array;
export type Tree = Leaf | readonly Tree[];

/** No format of ours nests deeper than 6; the bound keeps hostile data off the call stack. */
export const MAX_DEPTH = 16;

const NODE = 0;
const LEAF = 1;
const HEADER = 5;

export function isLeaf(tree: Tree): tree is Leaf {
  return tree instanceof Uint8Array;
}

export function encode(tree: Tree): Uint8Array {
  const parts: Uint8Array[] = [];
  write(tree, parts);
  return concatBytes(...parts);
}

/**
 * The tree encoded by `data`. Throws EncodingError if `data` is truncated, has bytes after the tree,
 * holds an unknown tag, or nests deeper than `MAX_DEPTH`.
 */
export function decode(data: Uint8Array): Tree {
  const [tree, end] = read(data, 0, MAX_DEPTH);
  if (end !== data.length) {
    throw new EncodingError(`${data.length - end} bytes follow the byte tree`);
  }
  return tree;
}

/** The leaf of a string: its UTF-8 bytes. */
export function leafStr(text: string): Leaf {
  return encodeUtf8(text);
}

/** The leaf of a 32-bit integer, 0 ≤ n < 2^31. Throws RangeError outside the range. */
export function integer(n: number): Leaf {
  if (!(Number.isInteger(n) && n >= 0 && n < 2 ** 31)) {
    throw new RangeError("not a non-negative 32-bit integer");
  }
  return encodeInteger(BigInt(n), 4);
}

/** The number of bytes of the shortest two's complement form of n ≥ 0. */
export function naturalLength(n: bigint): number {
  return Math.floor(bitLength(n) / 8) + 1;
}

export function bitLength(n: bigint): number {
  return n === 0n ? 0 : n.toString(2).length;
}

/** The `n` children of a node. Throws EncodingError for a leaf or another count. */
export function children(tree: Tree, n: number, what: string): readonly Tree[] {
  if (isLeaf(tree)) throw new EncodingError(`${what}: a node was expected, not a leaf`);
  if (tree.length !== n) {
    throw new EncodingError(`${what}: ${tree.length} parts where ${n} were expected`);
  }
  return tree;
}

/** The bytes of a leaf of `size` bytes. Throws EncodingError for anything else. */
export function leaf(tree: Tree, size: number, what: string): Leaf {
  if (!isLeaf(tree)) throw new EncodingError(`${what}: a leaf was expected, not a node`);
  if (tree.length !== size) {
    throw new EncodingError(`${what}: ${tree.length} bytes where ${size} were expected`);
  }
  return tree;
}

function write(tree: Tree, parts: Uint8Array[]): void {
  if (isLeaf(tree)) {
    parts.push(header(LEAF, tree.length), tree);
    return;
  }
  parts.push(header(NODE, tree.length));
  for (const child of tree) write(child, parts);
}

function header(tag: number, count: number): Uint8Array {
  const bytes = new Uint8Array(HEADER);
  bytes[0] = tag;
  new DataView(bytes.buffer).setUint32(1, count);
  return bytes;
}

/** Reads the tree that begins at `start`; returns it and the index after it. */
function read(data: Uint8Array, start: number, depth: number): [Tree, number] {
  if (depth === 0) throw new EncodingError(`byte tree nested deeper than ${MAX_DEPTH}`);
  const body = start + HEADER;
  if (body > data.length) throw new EncodingError("byte tree ends inside a header");
  const tag = data[start];
  const count = new DataView(data.buffer, data.byteOffset, data.length).getUint32(start + 1);
  if (tag === LEAF) {
    if (body + count > data.length) throw new EncodingError("byte tree ends inside a leaf");
    return [data.slice(body, body + count), body + count];
  }
  if (tag !== NODE) throw new EncodingError(`byte tree with unknown tag ${tag}`);
  // Before looping: a header may announce 2^32 children.
  if (count * HEADER > data.length - body) {
    throw new EncodingError("byte tree announces more children than there are bytes");
  }
  const nodes: Tree[] = [];
  let at = body;
  for (let i = 0; i < count; i++) {
    const [child, end] = read(data, at, depth - 1);
    nodes.push(child);
    at = end;
  }
  return [nodes, at];
}
