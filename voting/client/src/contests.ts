/**
 * Contests: what a voter may choose, and how a choice becomes the numbers that are encrypted
 * (docs/specification.md sections 2.1 and 4).
 */

import { EncodingError } from "../../../crypto/js/errors.js";
import type { Total } from "../../../crypto/js/proofs/binding.js";
import type { Json } from "./canonical.js";
import { booleanOf, IDENTIFIER, listOf, membersOf, textOf, wholeOf } from "./canonical.js";

/** The numbers of the chosen options in ascending order; the empty one is a blank vote. */
export type Choice = readonly number[];

const OF_ALL = ["id", "kind", "title", "counting", "districts", "options"];
const OF_KIND: Readonly<Record<string, readonly string[]>> = {
  single_choice: ["blank", "seats", "tie"],
  referendum: ["blank", "majority", "quorum"],
  approval: ["minimum", "maximum", "seats", "tie"],
};

export interface Contest {
  readonly id: string;
  /** How many options there are; they are numbered from 1. */
  readonly options: number;
  /** s: how many ciphertexts a ballot has. */
  readonly s: number;
  /** N: how many plaintexts a ciphertext may hold. */
  readonly N: number;
  /** Between which numbers the plaintexts' sum lies, where that is proven. */
  readonly total: Total | null;
  /** Whether a voter may choose nothing. */
  readonly blank: boolean;
  /** The numbers that a ballot encrypts. Throws RangeError for a choice that there is not. */
  plaintexts(choice: Choice): number[];
  /** The choice that these numbers, each in its range, stand for. */
  choice(plaintexts: readonly number[]): Choice;
}

/** Throws EncodingError for what is no contest, or of a kind that is not known here. */
export function parseContest(value: Json): Contest {
  const kind = textOf(membersOfAny(value).kind, "kind of a contest");
  const more = OF_KIND[kind];
  if (more === undefined) throw new EncodingError(`a contest of the unknown kind ${kind}`);
  const members = membersOf(value, [...OF_ALL, ...more], "contest");
  const id = textOf(members.id, "id of a contest", IDENTIFIER);
  const options = listOf(members.options, "options").length;
  if (kind !== "approval") return oneChoice(id, options, booleanOf(members.blank, "blank"));
  const minimum = wholeOf(members.minimum, 0, "minimum");
  return approval(id, options, minimum, wholeOf(members.maximum, 1, "maximum"));
}

function membersOfAny(value: Json): Readonly<Record<string, Json | undefined>> {
  if (typeof value !== "object" || value === null)
    throw new EncodingError("a contest is an object");
  return value as Readonly<Record<string, Json | undefined>>;
}

/** One ciphertext: of the option's number where 0 is blank, otherwise of the number less 1. */
function oneChoice(id: string, options: number, blank: boolean): Contest {
  return {
    id,
    options,
    s: 1,
    N: options + (blank ? 1 : 0),
    total: null,
    blank,
    plaintexts(choice) {
      const [option = 0] = choice;
      const least = blank ? 0 : 1;
      const known = Number.isInteger(option) && option >= least && option <= options;
      if (!known || choice.length > 1 || (choice.length === 1 && option === 0)) {
        throw new RangeError(`the contest ${id} has no such choice`);
      }
      return [option - least];
    },
    choice(plaintexts) {
      const option = plaintexts[0]! + (blank ? 0 : 1);
      return option === 0 ? [] : [option];
    },
  };
}

/** A ciphertext for each option: 1 where it is approved of, otherwise 0. */
function approval(id: string, options: number, minimum: number, maximum: number): Contest {
  const numbers = Array.from({ length: options }, (_, i) => i + 1);
  return {
    id,
    options,
    s: options,
    N: 2,
    total: [minimum, maximum],
    blank: minimum === 0,
    plaintexts(choice) {
      const inOrder = choice.every((option, i) => i === 0 || choice[i - 1]! < option);
      if (!inOrder || !choice.every((option) => numbers.includes(option))) {
        throw new RangeError(`the contest ${id} has no such choice`);
      }
      if (choice.length < minimum || choice.length > maximum) {
        throw new RangeError(`the contest ${id} takes ${minimum} to ${maximum} options`);
      }
      return numbers.map((option) => (choice.includes(option) ? 1 : 0));
    },
    choice: (plaintexts) => numbers.filter((_, i) => plaintexts[i] === 1),
  };
}
