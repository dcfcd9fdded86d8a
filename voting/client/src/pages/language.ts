/**
 * What the page says, in each language: catalogues with equal keys, plural forms, readings, dates.
 *
 * A message holds `{name}` for a value, `{漢字|かんじ}` for a word with its reading, and is an object
 * of plural forms where it depends on `count`. Nothing here knows a page.
 */

import en from "./text/en.json";
import et from "./text/et.json";
import ja from "./text/ja.json";
import plain from "./text/ja-plain.json";

/** `ja-plain` is easy Japanese with readings (やさしい日本語). */
export const LANGUAGES = ["ja", "ja-plain", "en", "et"] as const;
export type Language = (typeof LANGUAGES)[number];

export type Key = keyof typeof en;
type Forms = Partial<Record<Intl.LDMLPluralRule, string>>;
type Message = string | Forms;
export type Values = Readonly<Record<string, string | number>>;

/** A text of an election in its own languages. */
export type Words = Readonly<Record<string, string>>;

/** A piece of a message: plain text, or a word with its reading. */
export type Piece = string | { readonly word: string; readonly reading: string };

const CATALOGUES: Record<Language, Record<Key, Message>> = { ja, "ja-plain": plain, en, et };
const HOLE = /\{([^{}|]+)(?:\|([^{}]+))?\}/g;

/** The message in pieces. Throws RangeError for a value or a plural form that it lacks. */
export function pieces(language: Language, key: Key, values: Values = {}): Piece[] {
  const template = form(language, CATALOGUES[language][key], values);
  const found: Piece[] = [];
  let from = 0;
  for (const hole of template.matchAll(HOLE)) {
    found.push(template.slice(from, hole.index));
    const [all, name, reading] = hole as unknown as [string, string, string | undefined];
    found.push(reading === undefined ? value(key, name, values) : { word: name, reading });
    from = hole.index + all.length;
  }
  found.push(template.slice(from));
  return found.filter((piece) => piece !== "");
}

/** The message as one text, without readings: for labels, titles and files. */
export function text(language: Language, key: Key, values: Values = {}): string {
  return pieces(language, key, values)
    .map((piece) => (typeof piece === "string" ? piece : piece.word))
    .join("");
}

/** Whether there is such a message; ids of refusals come from a server. */
export function isKey(key: string): key is Key {
  return Object.hasOwn(en, key);
}

/** For the attribute `lang`, and for Intl. */
export function locale(language: Language): string {
  return language === "ja-plain" ? "ja" : language;
}

/** An election's text in this language, or in the first one it has, with that language's name. */
export function spoken(words: Words, language: Language): { text: string; lang: string } {
  const wanted = locale(language);
  const lang = words[wanted] === undefined ? (Object.keys(words)[0] ?? wanted) : wanted;
  return { text: words[lang] ?? "", lang };
}

/** A moment as people of this language write it, with the time zone of the device. */
export function moment(language: Language, time: string): string {
  const style = { dateStyle: "long", timeStyle: "short" } as const;
  return new Intl.DateTimeFormat(locale(language), style).format(new Date(time));
}

/** The first language that a reader asks for and the page has. */
export function preferred(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const found = LANGUAGES.find((language) => language === tag.toLowerCase().split("-")[0]);
    if (found !== undefined) return found;
  }
  return "en";
}

function form(language: Language, message: Message, values: Values): string {
  if (typeof message === "string") return message;
  const count = values.count;
  if (typeof count !== "number") throw new RangeError("a message with plural forms has a count");
  const found = message[new Intl.PluralRules(locale(language)).select(count)] ?? message.other;
  if (found === undefined) throw new RangeError(`no plural form for ${count}`);
  return found;
}

function value(key: string, name: string, values: Values): string {
  const found = values[name];
  if (found === undefined) throw new RangeError(`${key} needs a value for ${name}`);
  return String(found);
}
