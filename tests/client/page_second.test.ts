/** Claims about the second device's page, with an engine that computes nothing. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { EncodingError, VerificationError } from "../../crypto/js/errors.js";
import { NoAnswer, Refusal } from "../../voting/client/src/pages/collector.js";
import type { Facts } from "../../voting/client/src/pages/facts.js";
import { isKey } from "../../voting/client/src/pages/language.js";
import { Looking } from "../../voting/client/src/pages/verify/looking.js";
import type { Event, Found, Screen } from "../../voting/client/src/pages/verify/machine.js";
import { after, START } from "../../voting/client/src/pages/verify/machine.js";

const FACTS = { name: "e", title: { en: "E" } } as unknown as Facts;
const ELECTION = { facts: FACTS, E: "e1" };
const FOUND: Found = {
  signer: "N",
  sequence: 7,
  time: "2027-04-02T09:00:00Z",
  style: "s",
  choices: { q: [1] },
  latest: true,
};
const FAULT = { key: "second.busy", checkId: null } as const;

/** A page that was opened; its looks end with that. */
async function opened(outcome: Found | Error): Promise<{ page: Looking; seeds: Uint8Array[] }> {
  const seeds: Uint8Array[] = [];
  const engine = {
    open: async () => ELECTION,
    read: (text: string) => {
      if (text !== "code") throw new EncodingError("no code");
      const seed = Uint8Array.of(1, 2, 3);
      seeds.push(seed);
      return { sequence: 7, seed };
    },
    look: async () => {
      if (outcome instanceof Error) throw outcome;
      return outcome;
    },
  };
  const page = new Looking(engine, () => undefined);
  await page.open();
  return { page, seeds };
}

test("a stored ballot that passes every check is shown, and the seed is erased", async () => {
  const { page, seeds } = await opened(FOUND);
  assert.ok(page.isCode("code"));
  await page.look("code");
  assert.deepEqual(page.state.screen, { at: "genuine", found: FOUND });
  assert.equal(seeds.length, 2);
  for (const seed of seeds) assert.deepEqual([...seed], [0, 0, 0]);
});

test("any check that fails is the one loud verdict, with its id", async () => {
  const ids = ["receipt", "verify.receipt", "verify.container", "verify.content"];
  for (const id of [...ids, "verify.signature", "verify.certificate", "verify.opening", "new"]) {
    const { page, seeds } = await opened(new VerificationError(id, "ballot", "x"));
    await page.look("code");
    const { screen } = page.state;
    assert.ok(screen.at === "false" && screen.fault.checkId === id && isKey(screen.fault.key), id);
    assert.deepEqual([...seeds[0]!], [0, 0, 0]);
  }
  const { page } = await opened(new EncodingError("x"));
  await page.look("code");
  assert.equal(page.state.screen.at, "false");
});

test("what could not be fetched is no verdict on a ballot", async () => {
  for (const fault of [new NoAnswer(), new Refusal("not_found"), new Refusal("unavailable")]) {
    const { page } = await opened(fault);
    await page.look("code");
    assert.equal(page.state.screen.at, "unseen");
  }
});

test("a defect of the page is no verdict", async () => {
  const { page } = await opened(new TypeError("a defect"));
  await assert.rejects(page.look("code"), TypeError);
});

test("a text that is no code is not asked about", async () => {
  const { page } = await opened(new Error("never asked"));
  await page.look("https://elsewhere.example/");
  assert.deepEqual(page.state.screen, { at: "ready", fault: "second.no_code" });
  assert.ok(!page.isCode("https://elsewhere.example/"));
});

test("genuine is reached by one event in one state", () => {
  const screens: Screen[] = [
    { at: "loading" },
    { at: "broken", fault: FAULT },
    { at: "ready", fault: null },
    { at: "scanning" },
    { at: "looking" },
    { at: "false", fault: FAULT },
    { at: "unseen", fault: FAULT },
  ];
  const events: Event[] = [
    { is: "opened", election: ELECTION },
    { is: "broke", fault: FAULT },
    { is: "scanning" },
    { is: "unread", why: null },
    { is: "looking" },
    { is: "held", found: FOUND },
    { is: "failed", fault: FAULT },
    { is: "unseen", fault: FAULT },
    { is: "again" },
  ];
  for (const screen of screens) {
    for (const event of events) {
      const { at } = after({ ...START, screen }, event).screen;
      assert.equal(at === "genuine", screen.at === "looking" && event.is === "held");
    }
  }
});
