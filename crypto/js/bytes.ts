/** Bytes as text and numbers, each in one form only: other spellings of the same bytes are refused. */

import { concatBytes } from "@noble/hashes/utils.js";

import { EncodingError } from "./errors.js";

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const AT_ONCE = 8192; // arguments of one call

export { concatBytes };

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

export function encodeHex(data: Uint8Array): string {
  return Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The bytes of lower-case hex. Throws EncodingError for anything else. */
export function decodeHex(text: string): Uint8Array {
  if (!/^([0-9a-f]{2})*$/.test(text)) throw new EncodingError("not lower-case hex");
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** RFC 4648 §4 with padding. */
export function encodeBase64(data: Uint8Array): string {
  let text = "";
  for (let at = 0; at < data.length; at += AT_ONCE) {
    text += String.fromCharCode(...data.subarray(at, at + AT_ONCE));
  }
  return btoa(text);
}

/** The inverse of `encodeBase64`. Throws EncodingError for what it would not write. */
export function decodeBase64(text: string): Uint8Array {
  let raw: string;
  try {
    raw = atob(text);
  } catch {
    throw new EncodingError("not base64");
  }
  const data = Uint8Array.from(raw, (character) => character.charCodeAt(0));
  if (encodeBase64(data) !== text) throw new EncodingError("base64 that is not canonical");
  return data;
}

export function encodeUtf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The text of UTF-8, a byte order mark kept as it stands. Throws EncodingError. */
export function decodeUtf8(data: Uint8Array, what: string): string {
  try {
    return UTF8.decode(data);
  } catch {
    throw new EncodingError(`${what} is not UTF-8`);
  }
}

/** n ≥ 0 in `size` bytes, big-endian. */
export function encodeInteger(n: bigint, size: number): Uint8Array {
  return decodeHex(n.toString(16).padStart(2 * size, "0"));
}

export function decodeInteger(data: Uint8Array): bigint {
  return data.length === 0 ? 0n : BigInt(`0x${encodeHex(data)}`);
}
