/**
 * What the TypeScript answers to a question. tests/client/answers.py answers the same questions with
 * the Python; a test compares the two.
 */

import { SukashiError } from "../../crypto/js/errors.js";
import type { Question } from "./asked.js";
import { Asked } from "./asked.js";
import { CRYPTO_KINDS } from "./crypto_kinds.js";
import { VOTING_KINDS } from "./voting_kinds.js";

const KINDS = { ...CRYPTO_KINDS, ...VOTING_KINDS };

/** A text, or `refused <class of the error>`. Every other error is a defect and is thrown. */
export async function answer(question: Question): Promise<string> {
  const said = KINDS[question.ask];
  if (said === undefined) throw new Error(`no question of the kind ${question.ask}`);
  try {
    return await said(new Asked(question));
  } catch (error) {
    if (error instanceof SukashiError || error instanceof RangeError) {
      return `refused ${error.name}`;
    }
    throw error;
  }
}
