/**
 * The address of a screen (after the #), so that the browser's Back works while somebody chooses.
 * Only these screens can be gone to by address; all others are reached by what happens.
 */

import type { Screen, State } from "./machine.js";
import { complete } from "./machine.js";

const CONTEST = /^#\/ballot\/([1-9][0-9]{0,3})$/;

/** Where a screen is. */
export function routeOf(screen: Screen): string {
  if (screen.at === "contest") return `#/ballot/${screen.place + 1}`;
  return screen.at === "welcome" ? "#/" : `#/${screen.at}`;
}

/** The state after somebody went to an address; the same state where that is not possible. */
export function wentTo(state: State, route: string): State {
  const { screen, facts, style } = state;
  if (facts === null || !["district", "contest", "check"].includes(screen.at)) return state;
  if (route === "#/district" && facts.ballot_styles.length > 1) {
    return { ...state, screen: { at: "district" } };
  }
  if (style === null) return state;
  if (route === "#/check" && complete(state)) return { ...state, screen: { at: "check" } };
  const place = Number(CONTEST.exec(route)?.[1] ?? 0) - 1;
  const before = style.contests.slice(0, place);
  if (place < 0 || place >= style.contests.length) return state;
  if (before.some((id) => state.choices[id] === undefined)) return state;
  return { ...state, screen: { at: "contest", place, missing: false } };
}
