/** What the page takes from the browser, in one place: network, rest, language, the place to draw. */

import { Collector } from "./collector.js";
import type { Language } from "./language.js";
import { LANGUAGES, preferred } from "./language.js";

const LANGUAGE = "sukashi.language";

/** The site at an origin; without one, that from which the page came. */
export function site(origin = ""): Collector {
  return new Collector(window.fetch.bind(window), (seconds) => pause(1000 * seconds), origin);
}

/** Lets the browser draw and hear. */
export function breathe(): Promise<void> {
  return pause(0);
}

/** Whether this browser has what the page needs; without TLS it keeps its cryptography to itself. */
export function fits(): boolean {
  return window.isSecureContext && window.crypto?.subtle !== undefined;
}

/** The language that was chosen here last, or the browser's. */
export function language(): Language {
  const chosen = localStorage.getItem(LANGUAGE);
  return LANGUAGES.find((known) => known === chosen) ?? preferred(navigator.languages);
}

export function remember(chosen: Language): void {
  localStorage.setItem(LANGUAGE, chosen);
}

export function place(): HTMLElement {
  const found = document.getElementById("page");
  if (found === null) throw new Error("the document has no place for the page");
  return found;
}

/** Gives the reader a file. */
export function download(name: string, data: Uint8Array<ArrayBuffer>): void {
  const address = URL.createObjectURL(new Blob([data], { type: "text/plain" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
