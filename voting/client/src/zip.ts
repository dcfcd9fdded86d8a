/**
 * Zip files as our containers are (docs/specification.md section 6): stored, nothing before, between
 * or after. Here is no decompression.
 */

import { concatBytes, decodeUtf8, encodeUtf8 } from "../../../crypto/js/bytes.js";
import { EncodingError } from "../../../crypto/js/errors.js";

export type File = readonly [name: string, data: Uint8Array];

const LOCAL_MARK = 0x04034b50;
const VERSION = 20;
const DATE = 0x21; // 1980-01-01
const LOCAL_SIZE = 30;
const CENTRAL_SIZE = 46;
const END_SIZE = 22;

/** A zip file of these files, stored, with no dates, extras or comments. */
export function archive(files: readonly File[]): Uint8Array {
  const body: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const [name, data] of files) {
    const raw = encodeUtf8(name);
    // version needed, flags, method, time, date: the same in both heads
    const shared = [VERSION, 0, 0, 0, DATE];
    const sizes = [crc32(data), data.length, data.length];
    const local = head(LOCAL_SIZE, LOCAL_MARK, shared, sizes, [raw.length, 0], []);
    const central = head(
      CENTRAL_SIZE,
      0x02014b50,
      [VERSION, ...shared],
      sizes,
      [raw.length, 0, 0, 0, 0],
      [0, offset],
    );
    body.push(local, raw, data);
    directory.push(central, raw);
    offset += LOCAL_SIZE + raw.length + data.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const counts = [0, 0, files.length, files.length];
  const end = head(END_SIZE, 0x06054b50, counts, [size, offset], [0], []);
  return concatBytes(...body, ...directory, end);
}

/** A head of a zip file: its mark, then numbers of 2, 4, 2 and 4 bytes, little-endian. */
function head(
  size: number,
  mark: number,
  ...[shorts, longs, moreShorts, moreLongs]: [number[], number[], number[], number[]]
): Uint8Array {
  const view = new DataView(new ArrayBuffer(size));
  view.setUint32(0, mark, true);
  let at = 4;
  const write = (numbers: number[], bytes: 2 | 4): void => {
    for (const number of numbers) {
      if (bytes === 2) view.setUint16(at, number, true);
      else view.setUint32(at, number, true);
      at += bytes;
    }
  };
  write(shorts, 2);
  write(longs, 4);
  write(moreShorts, 2);
  write(moreLongs, 4);
  return new Uint8Array(view.buffer);
}

/** CRC-32 of zip (polynomial EDB88320, reflected). */
function crc32(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

/**
 * The stored files, at most `most`, in order. Only as strict as it must be to find them: the caller
 * writes them again with `archive` and compares every byte. Throws EncodingError.
 */
export function storedFiles(data: Uint8Array, most: number): File[] {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const files: File[] = [];
  let at = 0;
  while (at + 4 <= data.length && view.getUint32(at, true) === LOCAL_MARK && files.length < most) {
    if (at + LOCAL_SIZE > data.length) throw new EncodingError("the container is truncated");
    const [method, extra] = [view.getUint16(at + 8, true), view.getUint16(at + 28, true)];
    const [size, nameSize] = [view.getUint32(at + 22, true), view.getUint16(at + 26, true)];
    const start = at + LOCAL_SIZE + nameSize;
    if (method !== 0 || extra !== 0 || start + size > data.length) {
      throw new EncodingError("a file in the container is compressed, truncated or has extras");
    }
    const name = decodeUtf8(data.subarray(at + LOCAL_SIZE, start), "a name in the container");
    files.push([name, data.slice(start, start + size)]);
    at = start + size;
  }
  return files;
}
