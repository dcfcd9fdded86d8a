/** Claims about what the voting page shows, and about the addresses of its screens. */

import assert from "node:assert/strict";
import { test } from "node:test";

import type { Facts } from "../../voting/client/src/pages/facts.js";
import type { Event, Fault, Screen, State } from "../../voting/client/src/pages/vote/machine.js";
import { after, START } from "../../voting/client/src/pages/vote/machine.js";
import { routeOf, wentTo } from "../../voting/client/src/pages/vote/route.js";

const option = (number: number) => ({
  number,
  name: { en: `Option ${number}` },
  reading: null,
  affiliation: null,
});
const options = [1, 2, 3].map(option);
const style = { id: "s", district: "d", contests: ["mayor", "board"] };
const FACTS: Facts = {
  name: "e",
  title: { en: "E" },
  test: true,
  period: { opens: "2027-04-02T08:30:00Z", closes: "2027-04-10T20:00:00Z" },
  districts: [{ id: "d", title: { en: "D" } }],
  contests: [
    { id: "mayor", kind: "single_choice", title: { en: "Mayor" }, blank: true, options },
    { id: "board", kind: "approval", title: { en: "Board" }, minimum: 1, maximum: 2, options },
  ],
  ballot_styles: [style],
  limits: { verification_minutes: 30 },
};
const TWO: Facts = { ...FACTS, ballot_styles: [style, { ...style, id: "t", district: "c" }] };

const fault = (way: Fault["way"]): Fault => ({ key: "fault.network", way, checkId: null });
const RECEIPT = { sequence: 7, time: "2027-04-02T09:00:00Z", witnesses: 3 };
const opened: Event = { is: "opened", facts: FACTS, phase: "open", owed: false };
const loggedIn: Event = { is: "logged-in", person: "N" };
const mayor: Event = { is: "chose", contest: "mayor", number: 2 };
const board = (number: number): Event => ({ is: "chose", contest: "board", number });
const next: Event = { is: "next" };
const CHOSEN: Event[] = [opened, loggedIn, mayor, next, board(1), next];
const SENDING: Event[] = [...CHOSEN, { is: "confirmed" }, { is: "stepped", step: "send" }];
const STORED: Event = { is: "stored", receipt: RECEIPT, code: true };

const play = (events: readonly Event[], from: State = START): State => events.reduce(after, from);
const at = (events: readonly Event[]): Screen["at"] => play(events).screen.at;

const EVENTS: Event[] = [
  opened,
  { is: "broke", fault: fault("stop") },
  { is: "logging-in" },
  { is: "not-logged-in", fault: fault("login") },
  loggedIn,
  { is: "lives", style },
  mayor,
  next,
  { is: "back" },
  { is: "change", place: 0 },
  { is: "confirmed" },
  { is: "stepped", step: "receipt" },
  { is: "unanswered", fault: fault("same") },
  { is: "refused", fault: fault("anew") },
  { is: "alarmed", fault: fault("stop") },
  { is: "again" },
  { is: "code-erased" },
  { is: "left" },
];

test("a whole vote goes from the welcome to the receipt", () => {
  assert.equal(at([opened]), "welcome");
  assert.equal(at([opened, loggedIn]), "contest");
  assert.equal(at(CHOSEN), "check");
  assert.equal(at(SENDING), "working");
  assert.equal(at([...SENDING, { is: "stepped", step: "receipt" }, STORED]), "receipt");
});

test("no event but a stored ballot, while its receipt is checked, leads to the receipt", () => {
  const reached: State[] = [START];
  const seen = new Set(reached.map((state) => JSON.stringify(state)));
  for (const state of reached) {
    for (const event of [...EVENTS, board(1), board(2), board(3)]) {
      const found = after(state, event);
      assert.notEqual(found.screen.at, "receipt", event.is);
      const name = JSON.stringify(found);
      if (seen.has(name)) continue;
      seen.add(name);
      reached.push(found);
    }
  }
  const before = reached.filter((state) => after(state, STORED).screen.at === "receipt");
  assert.ok(reached.length > 100 && before.length > 0);
  for (const { screen } of before) assert.deepEqual(screen, { at: "working", step: "receipt" });
});

test("nobody passes a contest undecided, and a blank vote is a decision", () => {
  const missing = play([opened, loggedIn, next]).screen;
  assert.deepEqual(missing, { at: "contest", place: 0, missing: true });
  const blank = play([opened, loggedIn, { is: "chose", contest: "mayor", number: null }, next]);
  assert.deepEqual(blank.screen, { at: "contest", place: 1, missing: false });
  assert.deepEqual(blank.choices, { mayor: [] });
});

test("an approval contest takes no more than its maximum and no less than its minimum", () => {
  const there = [opened, loggedIn, mayor, next];
  assert.equal(at([...there, next]), "contest");
  const three = play([...there, board(3), board(1), board(2)]);
  assert.deepEqual(three.choices.board, [1, 3]);
  assert.deepEqual(play([...there, board(3), board(3)]).choices.board, []);
});

test("another district's ballot begins empty", () => {
  const first = play([{ ...opened, facts: TWO }, loggedIn, { is: "lives", style }, mayor]);
  const moved = play([{ is: "back" }, { is: "lives", style: TWO.ballot_styles[1]! }], first);
  assert.deepEqual(moved.choices, {});
});

test("what is signed is sent again, never made anew, until the collector refuses it", () => {
  const unanswered = play([...SENDING, { is: "unanswered", fault: fault("same") }]);
  assert.ok(unanswered.owed);
  assert.deepEqual(after(unanswered, { is: "again" }).screen, { at: "working", step: "send" });
  const refused = play([...SENDING, { is: "refused", fault: fault("anew") }]);
  assert.ok(!refused.owed);
  assert.equal(after(refused, { is: "again" }).screen.at, "check");
});

test("whoever must log in again sends the same ballot afterwards", () => {
  const again: Event = { is: "again" };
  const out = play([...SENDING, { is: "unanswered", fault: fault("login") }, again]);
  assert.equal(out.screen.at, "welcome");
  assert.deepEqual(after(out, loggedIn).screen, { at: "working", step: "send" });
});

test("after a reload the ballot that is owed is sent before anything else", () => {
  const state = play([{ ...opened, owed: true }, loggedIn]);
  assert.deepEqual(state.screen, { at: "working", step: "send" });
});

test("a false receipt and a broken election offer no way to go on", () => {
  const alarm = play([...SENDING, { is: "alarmed", fault: fault("stop") }]);
  const broken = play([{ is: "broke", fault: fault("stop") }]);
  for (const event of EVENTS) {
    assert.ok(["alarm", "left"].includes(after(alarm, event).screen.at), event.is);
    assert.equal(after(broken, event).screen.at, "broken");
  }
});

test("who leaves leaves nothing behind", () => {
  const left = play([...SENDING, { is: "stepped", step: "receipt" }, STORED, { is: "left" }]);
  assert.deepEqual(left, { ...START, facts: FACTS, phase: "open", screen: { at: "left" } });
});

test("the browser's Back goes through the ballot and nowhere else", () => {
  const check = play(CHOSEN);
  assert.equal(routeOf(check.screen), "#/check");
  const back = wentTo(check, "#/ballot/1");
  assert.deepEqual(back.screen, { at: "contest", place: 0, missing: false });
  assert.equal(wentTo(back, "#/check").screen.at, "check");
  for (const route of ["#/ballot/3", "#/ballot/0", "#/receipt", "#/working", "#/district", ""]) {
    assert.equal(wentTo(check, route), check, route);
  }
  const sending = play(SENDING);
  assert.equal(wentTo(sending, "#/check"), sending);
  const first = play([opened, loggedIn]);
  assert.equal(wentTo(first, "#/ballot/2"), first, "a contest was not decided");
});
