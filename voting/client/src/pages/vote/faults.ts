/** From what was thrown to what a voter is told: a sentence and a way on. */

import { SukashiError, VerificationError } from "../../../../../crypto/js/errors.js";
import { NoAnswer, Refusal } from "../collector.js";
import type { Key } from "../language.js";
import { isKey } from "../language.js";
import { REFUSALS } from "../refusals.js";
import type { Fault } from "./machine.js";
import { CardError } from "./web_eid.js";

const CARD: Readonly<Record<CardError["reason"], Key>> = {
  missing: "fault.web_eid_missing",
  cancelled: "fault.web_eid_cancelled",
  failed: "fault.web_eid",
  "no-test-card": "fault.test_card",
};

/**
 * The fault of something thrown. `unverified` is the sentence for data that does not hold: what that
 * means depends on what was being looked at. A defect of this program is thrown on.
 */
export function faultOf(thrown: unknown, unverified: Key): Fault {
  if (thrown instanceof Refusal) {
    const key = `refusal.${thrown.id}`;
    const way = REFUSALS[thrown.id];
    if (isKey(key) && way !== undefined) return { key, way, checkId: thrown.id };
    return { key: "fault.unknown", way: "same", checkId: null };
  }
  if (thrown instanceof NoAnswer) return { key: "fault.network", way: "same", checkId: null };
  if (thrown instanceof CardError) return { key: CARD[thrown.reason], way: "anew", checkId: null };
  if (thrown instanceof VerificationError) {
    return { key: unverified, way: "stop", checkId: thrown.checkId };
  }
  if (thrown instanceof SukashiError) return { key: unverified, way: "stop", checkId: null };
  throw thrown;
}
