/**
 * The voting page as a state machine: what is on the screen, and what may come next. Pure; what an
 * event costs (the card, the network, the proofs) is done by main.tsx, which tells what became of it.
 *
 * "receipt" is reached in one way only: by `stored`, which main.tsx says after it verified the
 * witnessed receipt, while the page waits for that.
 */

import type { Choice, Facts, Style } from "../facts.js";
import { contestsOf, takes, toggled } from "../facts.js";
import type { Key } from "../language.js";
import type { Way } from "../refusals.js";

/** Something that went wrong, its sentence and the way on. `checkId` is for the election office. */
export interface Fault {
  readonly key: Key;
  readonly way: Way;
  readonly checkId: string | null;
}

export const STEPS = ["anchor", "encrypt", "sign", "send", "receipt"] as const;
export type Step = (typeof STEPS)[number];
export type Phase = "prepared" | "open" | "suspended" | "closed";

/** A ballot whose receipt was verified in this page. */
export interface Receipt {
  readonly sequence: number;
  readonly time: string;
  readonly witnesses: number;
}

export type Screen =
  | { readonly at: "loading" }
  | { readonly at: "broken"; readonly fault: Fault }
  | { readonly at: "welcome"; readonly busy: boolean; readonly fault: Fault | null }
  | { readonly at: "district" }
  | { readonly at: "contest"; readonly place: number; readonly missing: boolean }
  | { readonly at: "check" }
  | { readonly at: "working"; readonly step: Step }
  | { readonly at: "unanswered"; readonly fault: Fault }
  | { readonly at: "refused"; readonly fault: Fault }
  | { readonly at: "alarm"; readonly fault: Fault }
  | { readonly at: "receipt"; readonly receipt: Receipt; readonly code: boolean }
  | { readonly at: "left" };

export interface State {
  readonly screen: Screen;
  readonly facts: Facts | null;
  readonly phase: Phase;
  /** The name on the card that logged in. */
  readonly person: string | null;
  readonly style: Style | null;
  /** By contest; a contest without an entry was not decided. */
  readonly choices: Readonly<Record<string, Choice>>;
  /** Whether a ballot is signed whose receipt is still owed: it is sent again, never made anew. */
  readonly owed: boolean;
}

export type Event =
  | { readonly is: "opened"; readonly facts: Facts; readonly phase: Phase; readonly owed: boolean }
  | { readonly is: "broke"; readonly fault: Fault }
  | { readonly is: "logging-in" }
  | { readonly is: "not-logged-in"; readonly fault: Fault }
  | { readonly is: "logged-in"; readonly person: string }
  | { readonly is: "lives"; readonly style: Style }
  | { readonly is: "chose"; readonly contest: string; readonly number: number | null }
  | { readonly is: "next" }
  | { readonly is: "back" }
  | { readonly is: "change"; readonly place: number }
  | { readonly is: "confirmed" }
  | { readonly is: "stepped"; readonly step: Step }
  | { readonly is: "unanswered"; readonly fault: Fault }
  | { readonly is: "refused"; readonly fault: Fault }
  | { readonly is: "alarmed"; readonly fault: Fault }
  | { readonly is: "stored"; readonly receipt: Receipt; readonly code: boolean }
  | { readonly is: "again" }
  | { readonly is: "code-erased" }
  | { readonly is: "left" };

export const START: State = {
  screen: { at: "loading" },
  facts: null,
  phase: "prepared",
  person: null,
  style: null,
  choices: {},
  owed: false,
};

/** The state after an event; the same state where the event does not belong to it. */
export function after(state: State, event: Event): State {
  switch (state.screen.at) {
    case "loading":
      return opening(state, event);
    case "welcome":
      return loggingIn(state, event);
    case "district":
    case "contest":
    case "check":
      return choosing(state, event);
    case "working":
      return working(state, state.screen.step, event);
    case "unanswered":
    case "refused":
      return again(state, state.screen.fault.way, event);
    case "receipt":
      return finished(state, event);
    case "alarm":
      return event.is === "left" ? leave(state) : state;
    case "broken":
    case "left":
      return state;
  }
}

function opening(state: State, event: Event): State {
  if (event.is === "broke") return { ...state, screen: { at: "broken", fault: event.fault } };
  if (event.is !== "opened") return state;
  const { facts, phase, owed } = event;
  return { ...state, facts, phase, owed, screen: { at: "welcome", busy: false, fault: null } };
}

function loggingIn(state: State, event: Event): State {
  switch (event.is) {
    case "logging-in":
      return { ...state, screen: { at: "welcome", busy: true, fault: null } };
    case "not-logged-in":
      return { ...state, screen: { at: "welcome", busy: false, fault: event.fault } };
    case "logged-in":
      return admitted({ ...state, person: event.person });
    default:
      return state;
  }
}

/** Where somebody begins who has just logged in: where they were. */
function admitted(state: State): State {
  if (state.owed) return { ...state, screen: { at: "working", step: "send" } };
  if (state.style !== null) return { ...state, screen: { at: "check" } };
  const styles = state.facts?.ballot_styles ?? [];
  const only = styles.length === 1 ? styles[0] : undefined;
  if (only === undefined) return { ...state, screen: { at: "district" } };
  return { ...state, style: only, screen: { at: "contest", place: 0, missing: false } };
}

function choosing(state: State, event: Event): State {
  switch (event.is) {
    case "lives": {
      const choices = state.style?.id === event.style.id ? state.choices : {};
      const screen = { at: "contest", place: 0, missing: false } as const;
      return { ...state, style: event.style, choices, screen };
    }
    case "chose":
      return chosen(state, event.contest, event.number);
    case "next":
      return next(state);
    case "back":
      return back(state);
    case "change":
      if (state.screen.at !== "check") return state;
      return { ...state, screen: { at: "contest", place: event.place, missing: false } };
    case "confirmed":
      if (state.screen.at !== "check" || !complete(state)) return state;
      return { ...state, screen: { at: "working", step: "anchor" } };
    case "left":
      return leave(state);
    default:
      return state;
  }
}

function chosen(state: State, id: string, number: number | null): State {
  if (state.screen.at !== "contest") return state;
  const contest = state.facts?.contests.find((of) => of.id === id);
  if (contest === undefined) return state;
  const before = state.choices[id] ?? [];
  const choice = number === null ? [] : toggled(contest, before, number);
  const screen = { ...state.screen, missing: false };
  return { ...state, screen, choices: { ...state.choices, [id]: choice } };
}

function next(state: State): State {
  if (state.screen.at !== "contest" || state.facts === null || state.style === null) return state;
  const contests = contestsOf(state.facts, state.style);
  const { place } = state.screen;
  const contest = contests[place];
  if (contest === undefined) return state;
  // to approve of nobody is to choose nothing; of one choice a blank vote is chosen
  const choice = state.choices[contest.id] ?? (contest.kind === "approval" ? [] : undefined);
  if (choice === undefined || !takes(contest, choice)) {
    return { ...state, screen: { at: "contest", place, missing: true } };
  }
  const choices = { ...state.choices, [contest.id]: choice };
  const moved = { ...state, choices };
  if (place + 1 === contests.length || complete(moved))
    return { ...moved, screen: { at: "check" } };
  return { ...moved, screen: { at: "contest", place: place + 1, missing: false } };
}

function back(state: State): State {
  const { screen, facts, style } = state;
  if (facts === null || style === null) return state;
  if (screen.at === "check") {
    const place = style.contests.length - 1;
    return { ...state, screen: { at: "contest", place, missing: false } };
  }
  if (screen.at !== "contest") return state;
  if (screen.place > 0) {
    return { ...state, screen: { at: "contest", place: screen.place - 1, missing: false } };
  }
  return facts.ballot_styles.length > 1 ? { ...state, screen: { at: "district" } } : state;
}

/** Whether every contest of the ballot was decided as it may be. */
export function complete(state: State): boolean {
  const { facts, style, choices } = state;
  if (facts === null || style === null) return false;
  return contestsOf(facts, style).every((contest) => {
    const choice = choices[contest.id];
    return choice !== undefined && takes(contest, choice);
  });
}

function working(state: State, step: Step, event: Event): State {
  switch (event.is) {
    case "stepped": {
      const owed = state.owed || event.step === "send"; // signed: from here on these bytes are sent
      return { ...state, owed, screen: { at: "working", step: event.step } };
    }
    case "unanswered":
      return { ...state, screen: { at: "unanswered", fault: event.fault } };
    case "refused":
      return { ...state, owed: false, screen: { at: "refused", fault: event.fault } };
    case "alarmed":
      return { ...state, screen: { at: "alarm", fault: event.fault } };
    case "stored": {
      if (step !== "receipt") return state;
      const { receipt, code } = event;
      return { ...state, owed: false, choices: {}, screen: { at: "receipt", receipt, code } };
    }
    default:
      return state;
  }
}

function again(state: State, way: Way, event: Event): State {
  if (event.is === "left") return leave(state);
  if (event.is !== "again") return state;
  switch (way) {
    case "same":
      return state.owed ? { ...state, screen: { at: "working", step: "send" } } : retry(state);
    case "anew":
      return retry(state);
    case "login":
      return { ...state, person: null, screen: { at: "welcome", busy: false, fault: null } };
    default:
      return state;
  }
}

/** Back to the confirmation, with what was chosen; after a reload nothing of it is known. */
function retry(state: State): State {
  return complete(state) ? { ...state, screen: { at: "check" } } : admitted(state);
}

function finished(state: State, event: Event): State {
  if (event.is === "left") return leave(state);
  if (event.is !== "code-erased" || state.screen.at !== "receipt") return state;
  return { ...state, screen: { ...state.screen, code: false } };
}

function leave(state: State): State {
  return { ...START, facts: state.facts, phase: state.phase, screen: { at: "left" } };
}
