/** Claims about what the page does, with an engine that computes nothing and a collector of a list. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { EncodingError, VerificationError } from "../../crypto/js/errors.js";
import { Collector } from "../../voting/client/src/pages/collector.js";
import type { Facts } from "../../voting/client/src/pages/facts.js";
import type { Signed } from "../../voting/client/src/pages/vote/voting.js";
import { Voting } from "../../voting/client/src/pages/vote/voting.js";
import type { Card } from "../../voting/client/src/pages/vote/web_eid.js";
import { CardError } from "../../voting/client/src/pages/vote/web_eid.js";

const style = { id: "s", district: "d", contests: ["q"] };
const names = ["Yes", "No"].map((name) => ({ en: name }));
const options = names.map((name, i) => ({ number: i + 1, name, reading: null, affiliation: null }));
const FACTS: Facts = {
  name: "e",
  title: { en: "E" },
  test: true,
  period: { opens: "2027-04-02T08:30:00Z", closes: "2027-04-10T20:00:00Z" },
  districts: [],
  contests: [{ id: "q", kind: "referendum", title: { en: "Q" }, blank: false, options }],
  ballot_styles: [style],
  limits: { verification_minutes: 30 },
};
const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text).slice();
const json = (status: number, members: object): Response =>
  new Response(JSON.stringify(members), { status });
const no = (status: number, id: string): Response => json(status, { error: { id } });
const OPEN = (): Response => json(200, { phase: "open", roll_version: 1 });
const SESSION = (): Response[] => [
  json(200, { session: "s", nonce: "n" }),
  json(201, { bearer: "b", who: "w" }),
];
const CARD: Card = {
  logIn: async () => "token",
  signingCertificate: async () => bytes("certificate"),
  sign: async () => bytes("signature"),
};

class Tab {
  readonly items = new Map<string, string>();
  readonly sent: string[] = [];
  readonly seeds: Uint8Array[] = [];
  readonly answers: (Response | Error)[] = [];
  made = 0;
  /** What the check of a receipt or the making of a ballot throws. */
  fault: Error | null = null;
  makeFault: Error | null = null;
  voting = this.load();

  /** The page, opened or reloaded in this tab. */
  load(): Voting {
    const ask = async (path: unknown, request: RequestInit): Promise<Response> => {
      if (path === "/ballots") this.sent.push(new TextDecoder().decode(request.body as Uint8Array));
      const answer = this.answers.shift();
      if (answer === undefined || answer instanceof Error) throw answer ?? new Error("offline");
      return answer;
    };
    const engine = {
      open: async () => ({ E: "e1", facts: FACTS }),
      holder: async () => "N",
      make: async (): Promise<Signed> => {
        if (this.makeFault !== null) throw this.makeFault;
        this.made += 1;
        const seed = bytes("seed".repeat(8));
        this.seeds.push(seed);
        return { container: bytes(`ballot ${this.made}`), seed };
      },
      check: () => {
        if (this.fault !== null) throw this.fault;
        return { sequence: 7, time: "2027-04-02T09:00:00Z", witnesses: 3 };
      },
      code: (sequence: number, seed: Uint8Array) => `${sequence}:${new TextDecoder().decode(seed)}`,
    };
    const shelf = {
      getItem: (name: string) => this.items.get(name) ?? null,
      setItem: (name: string, value: string) => void this.items.set(name, value),
      removeItem: (name: string) => void this.items.delete(name),
    };
    const collector = new Collector(ask as typeof fetch, async () => undefined);
    this.voting = new Voting(collector, engine, shelf, () => undefined);
    return this.voting;
  }

  async open(): Promise<void> {
    this.answers.push(OPEN());
    await this.voting.open();
  }

  async logIn(): Promise<void> {
    this.answers.unshift(...SESSION());
    await this.voting.logIn(Promise.resolve(CARD));
  }

  /** Opens, logs in, chooses and confirms; the ballot is answered so. */
  async vote(...answers: (Response | Error)[]): Promise<void> {
    await this.open();
    await this.logIn();
    await this.voting.send({ is: "chose", contest: "q", number: 1 });
    await this.voting.send({ is: "next" });
    this.answers.push(...answers);
    await this.voting.send({ is: "confirmed" });
  }

  get at(): string {
    return this.voting.state.screen.at;
  }
}

const again = { is: "again" } as const;

test("a stored ballot shows its receipt and its code, and the tab keeps nothing", async () => {
  const tab = new Tab();
  await tab.vote(new Response("receipt", { status: 201 }));
  assert.equal(tab.at, "receipt");
  assert.equal(tab.voting.code, `7:${"seed".repeat(8)}`);
  assert.equal(tab.items.size, 0);
});

test("the seed is erased with the code, and when the page is closed or left", async () => {
  for (const erase of [
    (voting: Voting) => voting.send({ is: "code-erased" }),
    async (voting: Voting) => voting.close(),
    (voting: Voting) => voting.send({ is: "left" }),
  ]) {
    const tab = new Tab();
    await tab.vote(new Response("receipt"));
    await erase(tab.voting);
    assert.equal(tab.voting.code, null);
    assert.deepEqual([...tab.seeds[0]!], new Array(32).fill(0));
  }
});

test("what the network lost is sent again, the very same bytes", async () => {
  const tab = new Tab();
  await tab.vote(new Error("offline"));
  assert.equal(tab.at, "unanswered");
  tab.answers.push(new Response("receipt"));
  await tab.voting.send(again);
  assert.equal(tab.at, "receipt");
  assert.deepEqual(tab.sent, ["ballot 1", "ballot 1"]);
  assert.notEqual(tab.voting.code, null);
});

test("after a reload the same bytes are sent, and without a seed there is no code", async () => {
  const tab = new Tab();
  await tab.vote(new Error("offline"));
  assert.ok(![...tab.items.values()].join().includes("seed"));
  tab.load();
  await tab.open();
  tab.answers.push(new Response("receipt"));
  await tab.logIn();
  assert.equal(tab.at, "receipt");
  assert.deepEqual(tab.sent, ["ballot 1", "ballot 1"]);
  assert.equal(tab.voting.code, null);
  assert.equal(tab.items.size, 0);
});

test("a receipt that does not hold is an alarm, never a receipt", async () => {
  for (const fault of [new VerificationError("receipt", "receipt", "x"), new EncodingError("x")]) {
    const tab = new Tab();
    tab.fault = fault;
    await tab.vote(new Response("receipt"));
    assert.equal(tab.at, "alarm");
    assert.equal(tab.voting.code, null);
    assert.equal(tab.voting.receiptFile, null);
  }
});

test("a refused ballot is forgotten, seed and bytes, and the next one is new", async () => {
  const tab = new Tab();
  await tab.vote(no(422, "accept.anchor"));
  assert.equal(tab.at, "refused");
  assert.equal(tab.items.size, 0);
  assert.deepEqual([...tab.seeds[0]!], new Array(32).fill(0));
  await tab.voting.send(again);
  assert.equal(tab.at, "check");
  tab.answers.push(new Response("receipt"));
  await tab.voting.send({ is: "confirmed" });
  assert.deepEqual(tab.sent, ["ballot 1", "ballot 2"]);
});

test("an expired session keeps the ballot for after the next log-in", async () => {
  const tab = new Tab();
  await tab.vote(no(401, "session.required"));
  assert.equal(tab.at, "unanswered");
  await tab.voting.send(again);
  assert.equal(tab.at, "welcome");
  tab.answers.push(new Response("receipt"));
  await tab.logIn();
  assert.equal(tab.at, "receipt");
  assert.deepEqual(tab.sent, ["ballot 1", "ballot 1"]);
});

test("a card that does not sign sends nothing, and what was chosen stays", async () => {
  const tab = new Tab();
  tab.makeFault = new CardError("cancelled");
  await tab.vote();
  assert.equal(tab.at, "refused");
  assert.deepEqual(tab.sent, []);
  await tab.voting.send(again);
  assert.equal(tab.at, "check");
  assert.deepEqual(tab.voting.state.choices, { q: [1] });
});

test("a log-in that is refused stays at the welcome and says why", async () => {
  const tab = new Tab();
  await tab.open();
  tab.answers.push(json(200, { session: "s", nonce: "n" }), no(401, "login.revoked"));
  await tab.voting.logIn(Promise.resolve(CARD));
  const { screen } = tab.voting.state;
  assert.ok(screen.at === "welcome" && screen.fault?.checkId === "login.revoked");
});
