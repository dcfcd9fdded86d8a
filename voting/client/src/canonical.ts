/**
 * Canonical JSON (RFC 8785) as our documents have it: texts, whole numbers, true, false, null, lists
 * and objects (docs/specification.md section 1).
 */

import { decodeUtf8, encodeUtf8, equalBytes } from "../../../crypto/js/bytes.js";
import { EncodingError } from "../../../crypto/js/errors.js";

export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export type JsonObject = { readonly [name: string]: Json };

/** The one encoding of `value`. Throws EncodingError for numbers and texts that have none. */
export function canonical(value: Json): Uint8Array {
  return encodeUtf8(serialise(value));
}

/**
 * The object that `data` encodes canonically. Throws EncodingError for all else: what is repeated,
 * spaced or rounded is written differently.
 */
export function parseCanonical(data: Uint8Array, what: string): JsonObject {
  const text = decodeUtf8(data, what);
  let value: Json;
  let again: Uint8Array;
  try {
    value = JSON.parse(text) as Json;
    again = canonical(value);
  } catch (fault) {
    // A RangeError is what nesting deeper than the stack throws.
    if (!(fault instanceof SyntaxError || fault instanceof RangeError)) throw fault;
    throw new EncodingError(`${what} is not JSON`);
  }
  if (!isObject(value) || !equalBytes(again, data)) {
    throw new EncodingError(`${what} is not canonical JSON (RFC 8785)`);
  }
  return value;
}

function isObject(value: Json): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function serialise(value: Json): string {
  switch (typeof value) {
    case "string":
      if (/\p{Surrogate}/u.test(value)) throw new EncodingError("half a character in a text");
      return JSON.stringify(value);
    case "number":
      // −0 is written as 0, so that a reader refuses it.
      if (!Number.isSafeInteger(value)) throw new EncodingError("a number that is not whole");
      return JSON.stringify(value);
    case "boolean":
      return String(value);
    default:
      if (value === null) return "null";
      if (isList(value)) return `[${value.map(serialise).join(",")}]`;
      // Names are sorted by their UTF-16 units, which is how JavaScript compares texts.
      return `{${Object.keys(value)
        .sort()
        .map((name) => `${serialise(name)}:${serialise(value[name]!)}`)
        .join(",")}}`;
  }
}

function isList(value: readonly Json[] | JsonObject): value is readonly Json[] {
  return Array.isArray(value);
}

// -- reading members --------------------------------------------------------------------------------

/** The members of an object, exactly these. Throws EncodingError for any others. */
export function membersOf<N extends string>(
  value: Json | undefined,
  names: readonly N[],
  what: string,
): Readonly<Record<N, Json>> {
  const found = Object.keys(objectOf(value, what));
  const missing = names.find((name) => !found.includes(name));
  const unknown = found.find((name) => !(names as readonly string[]).includes(name));
  if (missing !== undefined) throw new EncodingError(`${what} has no member ${missing}`);
  if (unknown !== undefined) throw new EncodingError(`${what} has an unknown member ${unknown}`);
  return value as Readonly<Record<N, Json>>;
}

export function objectOf(value: Json | undefined, what: string): JsonObject {
  if (value === undefined || !isObject(value)) throw new EncodingError(`${what} is not an object`);
  return value;
}

export function listOf(value: Json | undefined, what: string): readonly Json[] {
  if (!Array.isArray(value)) throw new EncodingError(`${what} is not a list`);
  return value;
}

/** A text, of that form. */
export function textOf(value: Json | undefined, what: string, form = /^/): string {
  if (typeof value !== "string" || !form.test(value)) {
    throw new EncodingError(`${what} is not the text it must be`);
  }
  return value;
}

export function wholeOf(value: Json | undefined, least: number, what: string): number {
  if (typeof value !== "number" || value < least) {
    throw new EncodingError(`${what} is not a number from ${least} on`);
  }
  return value;
}

export function booleanOf(value: Json | undefined, what: string): boolean {
  if (typeof value !== "boolean") throw new EncodingError(`${what} is neither true nor false`);
  return value;
}

export const DIGEST = /^[0-9a-f]{64}$/;
export const IDENTIFIER = /^[a-z][a-z0-9-]{0,39}$/;
export const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
