/**
 * The second device's page as a state machine. Pure; looking.ts fetches and checks.
 *
 * The verdict "genuine" comes in one way only: by `held`, while the page looks, after every check of
 * docs/specification.md section 7. What fails is `failed`, what could not be asked is `unseen`, and
 * there is nothing in between.
 */

import type { Choice, Facts } from "../facts.js";
import type { Key } from "../language.js";

/** What is stored under a code, checked and opened. */
export interface Found {
  readonly signer: string;
  readonly sequence: number;
  readonly time: string;
  readonly style: string;
  readonly choices: Readonly<Record<string, Choice>>;
  /** Null once voting is closed. */
  readonly latest: boolean | null;
}

/** `checkId` is for the election office. */
export interface Fault {
  readonly key: Key;
  readonly checkId: string | null;
}

/** The election that was opened: what its manifest says, and E in hex. */
export interface Opened {
  readonly facts: Facts;
  readonly E: string;
}

export type Screen =
  | { readonly at: "loading" }
  | { readonly at: "broken"; readonly fault: Fault }
  | { readonly at: "ready"; readonly fault: Key | null }
  | { readonly at: "scanning" }
  | { readonly at: "looking" }
  | { readonly at: "genuine"; readonly found: Found }
  | { readonly at: "false"; readonly fault: Fault }
  | { readonly at: "unseen"; readonly fault: Fault };

export interface State {
  readonly screen: Screen;
  readonly election: Opened | null;
}

export type Event =
  | { readonly is: "opened"; readonly election: Opened }
  | { readonly is: "broke"; readonly fault: Fault }
  | { readonly is: "scanning" }
  | { readonly is: "unread"; readonly why: Key | null }
  | { readonly is: "looking" }
  | { readonly is: "held"; readonly found: Found }
  | { readonly is: "failed"; readonly fault: Fault }
  | { readonly is: "unseen"; readonly fault: Fault }
  | { readonly is: "again" };

export const START: State = { screen: { at: "loading" }, election: null };

/** The state after an event; the same state where the event does not belong to it. */
export function after(state: State, event: Event): State {
  const { election } = state;
  switch (state.screen.at) {
    case "loading":
      if (event.is === "opened") {
        return { election: event.election, screen: { at: "ready", fault: null } };
      }
      if (event.is === "broke") return { election, screen: { at: "broken", fault: event.fault } };
      return state;
    case "ready":
    case "scanning":
      if (event.is === "scanning") return { election, screen: { at: "scanning" } };
      if (event.is === "unread") return { election, screen: { at: "ready", fault: event.why } };
      return event.is === "looking" ? { election, screen: { at: "looking" } } : state;
    case "looking":
      if (event.is === "held") return { election, screen: { at: "genuine", found: event.found } };
      if (event.is === "failed") return { election, screen: { at: "false", fault: event.fault } };
      if (event.is === "unseen") return { election, screen: { at: "unseen", fault: event.fault } };
      return state;
    case "genuine":
    case "false":
    case "unseen":
      return event.is === "again" ? { election, screen: { at: "ready", fault: null } } : state;
    case "broken":
      return state;
  }
}
