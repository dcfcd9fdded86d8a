/** The pieces that the page is built of. They hold no state and know no election's rules. */

import type { ComponentChildren, JSX } from "preact";
import { createContext } from "preact";
import { useContext, useEffect, useRef } from "preact/hooks";
import type { Option } from "./facts.js";
import type { Key, Language, Values, Words } from "./language.js";
import { LANGUAGES, locale, pieces, spoken, text } from "./language.js";

export const Spoken = createContext<Language>("en");

/** A message of the catalogue, words with their readings above them. */
export function Say({ of, values }: { of: Key; values?: Values }): JSX.Element {
  const found = pieces(useContext(Spoken), of, values);
  return (
    <>
      {found.map((piece) =>
        typeof piece === "string" ? piece : <Ruby word={piece.word} reading={piece.reading} />,
      )}
    </>
  );
}

/** A message as plain text: for attributes. */
export function useText(): (key: Key, values?: Values) => string {
  const language = useContext(Spoken);
  return (key, values) => text(language, key, values);
}

function Ruby({ word, reading }: { word: string; reading: string }): JSX.Element {
  return (
    <ruby>
      {word}
      <rp>(</rp>
      <rt>{reading}</rt>
      <rp>)</rp>
    </ruby>
  );
}

/** A text of the election in the reader's language, or marked as the language it is in. */
export function Spell({ words }: { words: Words }): JSX.Element {
  const language = useContext(Spoken);
  const said = spoken(words, language);
  return said.lang === locale(language) ? (
    <span>{said.text}</span>
  ) : (
    <span lang={said.lang}>{said.text}</span>
  );
}

/** An option: the name with its reading above (Japanese) or none (a name in Latin letters). */
export function Named({ option }: { option: Option }): JSX.Element {
  const language = useContext(Spoken);
  const name = spoken(option.name, language);
  const reading = option.reading?.[name.lang];
  return (
    <span class="option-name" lang={name.lang}>
      {name.lang === "ja" && reading !== undefined ? (
        <Ruby word={name.text} reading={reading} />
      ) : (
        name.text
      )}
    </span>
  );
}

/** What one option is called in a sentence. */
export function useName(): (option: Option) => string {
  const language = useContext(Spoken);
  return (option) => spoken(option.name, language).text;
}

interface FrameProps {
  readonly page: Key;
  readonly title: Words | null;
  readonly test: boolean;
  /** Changes when another screen is shown: then the heading gets the focus. */
  readonly screen: string;
  readonly speak: (language: Language) => void;
  readonly children: ComponentChildren;
}

/** Header, watermark of a test, language, and the one screen in between. */
export function Frame({ page, title, test, screen, speak, children }: FrameProps): JSX.Element {
  const language = useContext(Spoken);
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  useEffect(() => {
    document.documentElement.lang = locale(language);
    document.title = text(language, page);
  }, [language, page]);
  // whoever comes to another screen hears its heading
  useEffect(() => {
    if (!first.current) heading(main.current)?.focus();
    first.current = false;
  }, [screen]);
  return (
    <>
      <button type="button" class="skip" onClick={() => heading(main.current)?.focus()}>
        <Say of="skip" />
      </button>
      <header>
        <div class="bar">
          <p class="title">{title === null ? <Say of={page} /> : <Spell words={title} />}</p>
          <Languages speak={speak} />
        </div>
        {test && (
          <p class="watermark">
            <Say of="watermark" />
          </p>
        )}
      </header>
      <main id="main" ref={main} data-screen={screen}>
        {children}
      </main>
    </>
  );
}

function heading(main: HTMLElement | null): HTMLElement | null | undefined {
  return main?.querySelector("h1");
}

function Languages({ speak }: { speak: (language: Language) => void }): JSX.Element {
  const chosen = useContext(Spoken);
  return (
    <label class="language">
      <span>
        <Say of="language.label" />
      </span>
      <select value={chosen} onChange={(event) => speak(event.currentTarget.value as Language)}>
        {LANGUAGES.map((language) => (
          <option key={language} value={language} lang={locale(language)}>
            {text(language, "language.name")}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The heading of a screen; it takes the focus without being in the order of the Tab key. */
export function Heading({ children }: { children: ComponentChildren }): JSX.Element {
  return <h1 tabIndex={-1}>{children}</h1>;
}

interface NoticeProps {
  readonly kind: "fault" | "warning" | "good" | "note";
  readonly children: ComponentChildren;
}

const SIGNS = { fault: "✕", warning: "!", good: "✓", note: "i" } as const;

/** A box that says something has happened; never by its colour alone. */
export function Notice({ kind, children }: NoticeProps): JSX.Element {
  return (
    <div
      class={`notice ${kind}`}
      role={kind === "fault" || kind === "warning" ? "alert" : "status"}
    >
      <span class="sign" aria-hidden="true">
        {SIGNS[kind]}
      </span>
      <div>{children}</div>
    </div>
  );
}

interface ButtonProps {
  readonly onPress: () => void;
  readonly kind?: "main" | "side" | "quiet";
  readonly disabled?: boolean;
  readonly label?: string;
  readonly children: ComponentChildren;
}

export function Button(props: ButtonProps): JSX.Element {
  const { onPress, kind = "main", disabled = false, label, children } = props;
  return (
    <button
      type="button"
      class={kind}
      disabled={disabled}
      {...(label === undefined ? {} : { "aria-label": label })}
      onClick={onPress}
    >
      {children}
    </button>
  );
}

/** Which check failed: what the election office asks for. */
export function CheckId({ id }: { id: string | null }): JSX.Element | null {
  if (id === null) return null;
  return (
    <p class="check-id">
      <Say of="check_id" values={{ id }} />
    </p>
  );
}
