/**
 * What the pages show of an election: the members of a verified manifest that a voter reads, under
 * their names in manifest.json. Nothing here verifies anything.
 */

import type { Words } from "./language.js";

export interface Option {
  readonly number: number;
  readonly name: Words;
  readonly reading: Words | null;
  readonly affiliation: Words | null;
}

interface OneContest {
  readonly id: string;
  readonly title: Words;
  readonly options: readonly Option[];
}

interface OneChoice extends OneContest {
  readonly kind: "single_choice" | "referendum";
  readonly blank: boolean;
}

interface Approval extends OneContest {
  readonly kind: "approval";
  readonly minimum: number;
  readonly maximum: number;
}

export type Contest = OneChoice | Approval;

export interface Style {
  readonly id: string;
  readonly district: string;
  readonly contests: readonly string[];
}

export interface Facts {
  readonly name: string;
  readonly title: Words;
  readonly test: boolean;
  readonly period: { readonly opens: string; readonly closes: string };
  readonly districts: readonly { readonly id: string; readonly title: Words }[];
  readonly contests: readonly Contest[];
  readonly ballot_styles: readonly Style[];
  readonly limits: { readonly verification_minutes: number };
}

/** The numbers of the chosen options, in order; none is a blank vote. */
export type Choice = readonly number[];

/** The contests of a style, in the order of its ballot. Throws RangeError where one is missing. */
export function contestsOf(facts: Facts, style: Style): Contest[] {
  return style.contests.map((id) => {
    const found = facts.contests.find((contest) => contest.id === id);
    if (found === undefined) throw new RangeError(`there is no contest ${id}`);
    return found;
  });
}

/** Whether the contest takes a vote for nobody. */
export function takesBlank(contest: Contest): boolean {
  return contest.kind === "approval" ? contest.minimum === 0 : contest.blank;
}

/** Whether the contest takes this choice, of options that it has. */
export function takes(contest: Contest, choice: Choice): boolean {
  const known = choice.every((number) => contest.options.some((of) => of.number === number));
  if (!known || new Set(choice).size !== choice.length) return false;
  if (contest.kind === "approval") {
    return contest.minimum <= choice.length && choice.length <= contest.maximum;
  }
  return choice.length === 1 || (choice.length === 0 && contest.blank);
}

/** The choice after an option was taken or left, in the order of the ballot. */
export function toggled(contest: Contest, choice: Choice, number: number): Choice {
  if (contest.kind !== "approval") return [number];
  const kept = choice.filter((chosen) => chosen !== number);
  if (kept.length < choice.length) return kept;
  if (choice.length >= contest.maximum) return choice;
  return [...choice, number].sort((a, b) => a - b);
}

/** The options in which every word of the query occurs: name, reading, affiliation or number. */
export function found(contest: Contest, query: string): readonly Option[] {
  const words = folded(query).split(/\s+/u).filter(Boolean);
  return contest.options.filter((option) => {
    const said = [option.name, option.reading, option.affiliation].flatMap((of) =>
      Object.values(of ?? {}),
    );
    const all = folded([String(option.number), ...said].join(" "));
    const close = all.replace(/\s+/gu, "");
    return words.every((word) => all.includes(word) || close.includes(word));
  });
}

/** Without case, width, accents, and with hiragana for katakana. */
function folded(said: string): string {
  return said
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[ァ-ヶ]/gu, (kana) => String.fromCharCode(kana.charCodeAt(0) - 0x60))
    .normalize("NFD")
    .replace(/[\u0300-\u036f]/gu, "");
}
