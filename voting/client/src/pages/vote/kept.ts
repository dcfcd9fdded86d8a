/**
 * The signed ballot whose receipt is still owed, in the tab's session storage: a reload sends the
 * same bytes again, a closed tab forgets them (docs/decisions/0019-what-a-voting-page-keeps.md).
 *
 * Never kept: the seed, the choice, the session, a key.
 */

const NAME = "sukashi.owed";

/** Where strings are kept; the tab's `sessionStorage`. */
export type Shelf = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** Keeps the container of election E (hex) until `forget`. */
export function keep(shelf: Shelf, E: string, container: Uint8Array): void {
  const text = Array.from(container, (byte) => String.fromCharCode(byte)).join("");
  shelf.setItem(NAME, JSON.stringify({ election: E, container: btoa(text) }));
}

/** The container of this election that is kept; null where there is none, or another election's. */
export function kept(shelf: Shelf, E: string): Uint8Array<ArrayBuffer> | null {
  const found = shelf.getItem(NAME);
  if (found === null) return null;
  try {
    const { election, container } = JSON.parse(found) as Record<string, unknown>;
    if (election !== E || typeof container !== "string") return null;
    return Uint8Array.from(atob(container), (character) => character.charCodeAt(0));
  } catch {
    return null; // somebody else wrote it
  }
}

export function forget(shelf: Shelf): void {
  shelf.removeItem(NAME);
}
