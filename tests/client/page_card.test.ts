/** Claims about the cards, the collector's answers and what a tab keeps. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Collector, NoAnswer, Refusal } from "../../voting/client/src/pages/collector.js";
import { forget, keep, kept } from "../../voting/client/src/pages/vote/kept.js";
import { TestCard } from "../../voting/client/src/pages/vote/test_card.js";
import { CardError, WebEid } from "../../voting/client/src/pages/vote/web_eid.js";

/** A window whose extension gives these answers: by action, the members after the acknowledgement. */
class StandIn extends EventTarget {
  readonly asked: Record<string, unknown>[] = [];
  readonly origin = "https://vote.example";

  constructor(private readonly answers: Record<string, Record<string, unknown>>) {
    super();
  }

  postMessage(message: Record<string, unknown>, origin: string): void {
    assert.equal(origin, this.origin);
    this.asked.push(message);
    const answer = this.answers[String(message.action)];
    if (answer === undefined) return;
    const say = (data: object): void => {
      this.dispatchEvent(Object.assign(new Event("message"), { data, source: this }));
    };
    say({ action: `${message.action}-ack` });
    say({ action: `${message.action}-success`, ...answer });
  }
}

const webEid = (page: StandIn): WebEid => new WebEid(page as unknown as Window);

test("Web eID is asked by its documented messages, and its answer becomes the token", async () => {
  const token = {
    unverifiedCertificate: "YQ==",
    algorithm: "ES384",
    signature: "Yg==",
    format: "web-eid:1.0",
    appVersion: "https://web-eid.eu/web-eid-app/releases/2.0.0+0",
  };
  const page = new StandIn({ "web-eid:authenticate": { ...token, later: "member" } });
  assert.deepEqual(JSON.parse(await webEid(page).logIn("nonce")), token);
  assert.equal(page.asked[0]?.challengeNonce, "nonce");
});

test("the card is given a certificate, a digest and its hash, and no more", async () => {
  const page = new StandIn({ "web-eid:sign": { signature: btoa("rs") } });
  const digest = new Uint8Array(48).fill(7);
  const signature = await webEid(page).sign(new Uint8Array([1]), digest, "SHA-384");
  assert.deepEqual(signature, new TextEncoder().encode("rs"));
  const { libraryVersion, ...request } = page.asked[0]!;
  assert.equal(typeof libraryVersion, "string");
  assert.deepEqual(request, {
    action: "web-eid:sign",
    certificate: "AQ==",
    hash: Buffer.from(digest).toString("base64"),
    hashFunction: "SHA-384",
  });
});

test("without an extension a card is missing after a second", async () => {
  const reason = (fault: unknown): boolean =>
    fault instanceof CardError && fault.reason === "missing";
  await assert.rejects(webEid(new StandIn({})).signingCertificate(), reason);
});

test("messages of other windows are not heard", async () => {
  const page = new StandIn({});
  const asking = webEid(page).signingCertificate();
  const data = { action: "web-eid:get-signing-certificate-success", certificate: "YQ==" };
  page.dispatchEvent(Object.assign(new Event("message"), { data, source: new StandIn({}) }));
  await assert.rejects(asking, CardError);
});

const PEM = (label: string, data: ArrayBuffer): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(data).toString("base64")}\n-----END ${label}-----\n`;

test("a test card logs in over origin and nonce, and signs", async () => {
  const curve = { name: "ECDSA", namedCurve: "P-384" };
  const algorithm = { name: "ECDSA", hash: "SHA-384" };
  const pairs = await Promise.all(
    [1, 2].map(() => crypto.subtle.generateKey(curve, true, ["sign", "verify"])),
  );
  const keys = await Promise.all(
    pairs.map((pair) => crypto.subtle.exportKey("pkcs8", pair.privateKey)),
  );
  const certificates = ["signs", "logs in"].map((name) => new TextEncoder().encode(name).buffer);
  const text = [0, 1].map(
    (i) => PEM("CERTIFICATE", certificates[i]!) + PEM("PRIVATE KEY", keys[i]!),
  );
  const card = await TestCard.read(text.join(""), "https://vote.example");
  const token = JSON.parse(await card.logIn("n".repeat(44)));
  const hashed = await Promise.all(
    ["https://vote.example", "n".repeat(44)].map((part) =>
      crypto.subtle.digest("SHA-384", new TextEncoder().encode(part)),
    ),
  );
  const signed = Buffer.concat(hashed.map((hash) => Buffer.from(hash)));
  const signature = Buffer.from(token.signature, "base64");
  assert.ok(await crypto.subtle.verify(algorithm, pairs[1]!.publicKey, signature, signed));
  assert.equal(Buffer.from(token.unverifiedCertificate, "base64").toString(), "logs in");
  const certificate = await card.signingCertificate();
  assert.equal(Buffer.from(certificate).toString(), "signs");
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-384", signed));
  const made = (await card.sign(certificate, digest)).slice();
  assert.ok(await crypto.subtle.verify(algorithm, pairs[0]!.publicKey, made, signed));
  for (const broken of ["", text[0]!, text.join("").replace("PRIVATE KEY", "CERTIFICATE")]) {
    await assert.rejects(TestCard.read(broken, "https://vote.example"), CardError);
  }
});

/** A collector whose answers come from a list; what was asked and how long it waited. */
function answering(answers: readonly (Response | Error)[]): {
  collector: Collector;
  asked: RequestInit[];
  rests: number[];
} {
  const asked: RequestInit[] = [];
  const rests: number[] = [];
  const left = [...answers];
  const ask = async (_path: unknown, request: RequestInit): Promise<Response> => {
    asked.push(request);
    const answer = left.shift();
    if (answer === undefined || answer instanceof Error) throw answer ?? new Error("no more");
    return answer;
  };
  const rest = async (seconds: number): Promise<void> => {
    rests.push(seconds);
  };
  return { collector: new Collector(ask as typeof fetch, rest), asked, rests };
}

const json = (status: number, members: object, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(members), { status, headers });
const no = (status: number, id: string): Response => json(status, { error: { id, message: {} } });
const BYTES = new TextEncoder().encode("container");

test("a ballot that is recorded is sent again, the same bytes, until its receipt is there", async () => {
  const waits = json(202, { id: "recorded" });
  const { collector, asked, rests } = answering([waits, waits, new Response("receipt")]);
  assert.equal(new TextDecoder().decode(await collector.send(BYTES)), "receipt");
  assert.deepEqual(rests, [1, 2]);
  for (const request of asked) assert.equal(request.body, BYTES);
});

test("a receipt that never comes is a refusal by the name of it, not a success", async () => {
  const { collector } = answering(Array.from({ length: 5 }, () => json(202, { id: "recorded" })));
  await assert.rejects(collector.send(BYTES), new Refusal("recorded"));
});

test("whoever comes too often waits as told", async () => {
  const often = json(429, { error: { id: "accept.address_limit" } }, { "Retry-After": "2" });
  const { collector, rests } = answering([often, new Response("receipt")]);
  await collector.send(BYTES);
  assert.deepEqual(rests, [2]);
});

test("only known refusals are believed to be ones", async () => {
  await assert.rejects(answering([no(422, "accept.open")]).collector.send(BYTES), Refusal);
  const strange = [
    no(422, "accept.invented"),
    no(500, "__proto__"),
    json(422, []),
    new Response("<html>", { status: 502 }),
    new Error("the network is gone"),
  ];
  for (const answer of strange) {
    await assert.rejects(answering([answer]).collector.send(BYTES), NoAnswer);
  }
});

test("a session's secret is sent with the ballot, and forgotten at the log-out", async () => {
  const { collector, asked } = answering([
    json(200, { session: "s", nonce: "n" }),
    json(201, { bearer: "b", who: "w" }),
    new Response("receipt"),
    json(200, {}),
    new Response("receipt"),
  ]);
  await collector.logIn(async (nonce) => `token of ${nonce}`);
  assert.equal(asked[1]?.body, '{"nonce":"n","session":"s","token":"token of n"}');
  await collector.send(BYTES);
  assert.deepEqual(asked[2]?.headers, { Authorization: "Bearer b" });
  await collector.logOut();
  await collector.send(BYTES);
  assert.deepEqual(asked[4]?.headers, {});
});

test("a tab keeps the signed ballot of its election, and nothing else", () => {
  const found = new Map<string, string>();
  const shelf = {
    getItem: (name: string) => found.get(name) ?? null,
    setItem: (name: string, value: string) => void found.set(name, value),
    removeItem: (name: string) => void found.delete(name),
  };
  keep(shelf, "e1", new Uint8Array([0, 255, 7]));
  assert.deepEqual(kept(shelf, "e1"), new Uint8Array([0, 255, 7]));
  assert.equal(kept(shelf, "e2"), null);
  const members = JSON.parse([...found.values()].join());
  assert.deepEqual(Object.keys(members), ["election", "container"]);
  found.set("sukashi.owed", "{");
  assert.equal(kept(shelf, "e1"), null);
  forget(shelf);
  assert.equal(found.size, 0);
});
