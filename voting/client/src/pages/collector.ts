/**
 * The collector's HTTP answers (docs/specification.md section 7), which are believed in nothing:
 * what they hold is checked by who asks. Its refusals are known by their ids; the sentences are ours.
 */

import { REFUSALS } from "./refusals.js";

/** The collector said no, or not now; `id` is one of REFUSALS. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  constructor(readonly id: string) {
    super(id);
  }
}

/** No answer, or none of a known form: what was asked may have been done or not. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";
}

export interface CollectorState {
  readonly phase: "prepared" | "open" | "suspended" | "closed";
  readonly rollVersion: number;
}

/** What is stored of a ballot; `latest` is null once voting is closed. */
export interface Verification {
  readonly container: Uint8Array<ArrayBuffer>;
  readonly receipt: Uint8Array<ArrayBuffer>;
  readonly latest: boolean | null;
}

const LIMIT = 1 << 24;
const PATIENCE = 5; // how often it waits where it came too often
const LONGEST = 60; // and how many seconds at most
const PHASES = ["prepared", "open", "suspended", "closed"] as const;
const RECORDED = [1, 2, 4, 8]; // seconds after which a receipt is asked for again

export class Collector {
  private bearer = "";

  /**
   * `ask` is the browser's `fetch`; `rest` waits so many seconds; `origin` is where it is, empty for
   * the site that the page came from.
   */
  constructor(
    private readonly ask: typeof fetch,
    private readonly rest: (seconds: number) => Promise<void>,
    private readonly origin = "",
  ) {}

  /** A file or note. Throws NoAnswer and Refusal. */
  async file(path: string): Promise<Uint8Array<ArrayBuffer>> {
    return await this.bytes(path, {});
  }

  async state(): Promise<CollectorState> {
    const found = members(await this.file("/state"));
    const phase = PHASES.find((known) => known === found.phase);
    const rollVersion = found.roll_version;
    if (phase === undefined || !Number.isSafeInteger(rollVersion)) throw new NoAnswer();
    return { phase, rollVersion: rollVersion as number };
  }

  /**
   * A session of whoever answers the challenge; it lives in this object alone. Returns the roll
   * identifier of that person, as the collector has it.
   */
  async logIn(answer: (nonce: string) => Promise<string>): Promise<string> {
    const challenge = members(await this.bytes("/session/challenge", { method: "POST" }));
    const nonce = string(challenge.nonce);
    const token = await answer(nonce);
    // canonical (RFC 8785): the members in order, and only characters that have one form
    const body = JSON.stringify({ nonce, session: string(challenge.session), token });
    const session = members(await this.bytes("/session", { method: "POST", body }));
    this.bearer = string(session.bearer);
    return string(session.who);
  }

  /** Ends the session; whether or not the collector hears of it, this page forgets it. */
  async logOut(): Promise<void> {
    const headers = this.authorization();
    this.bearer = "";
    await this.ask("/session", { method: "DELETE", headers }).catch(() => undefined);
  }

  /**
   * Sends a signed ballot and returns its receipt, unverified. While the collector says that it is
   * recorded and waits for witnesses, the same bytes are sent again; then Refusal("recorded").
   */
  async send(container: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    for (const seconds of [...RECORDED, 0]) {
      const headers = this.authorization();
      const answer = await this.request("/ballots", { method: "POST", body: container, headers });
      if (answer.status !== 202) return await contents(answer);
      if (seconds > 0) await this.rest(seconds);
    }
    throw new Refusal("recorded");
  }

  /** What is stored under a place and τ (hex): container, receipt, and whether it is the latest. */
  async verification(sequence: number, token: string): Promise<Verification> {
    const body = JSON.stringify({ sequence, token });
    const found = members(await this.bytes("/verification", { method: "POST", body }));
    const { container, receipt, latest } = found;
    if (!(latest === null || typeof latest === "boolean")) throw new NoAnswer();
    let raw: string;
    try {
      raw = atob(string(container));
    } catch {
      throw new NoAnswer();
    }
    return {
      container: Uint8Array.from(raw, (sign) => sign.charCodeAt(0)),
      receipt: new TextEncoder().encode(string(receipt)),
      latest,
    };
  }

  private authorization(): Record<string, string> {
    return this.bearer === "" ? {} : { Authorization: `Bearer ${this.bearer}` };
  }

  private async bytes(path: string, request: RequestInit): Promise<Uint8Array<ArrayBuffer>> {
    return await contents(await this.request(path, request));
  }

  private async request(path: string, request: RequestInit): Promise<Response> {
    const how: RequestInit = { cache: "no-store", credentials: "omit", redirect: "error" };
    for (let time = 1; ; time += 1) {
      const answer = await this.ask(`${this.origin}${path}`, { ...how, ...request }).catch(
        () => undefined,
      );
      if (answer === undefined) throw new NoAnswer();
      const seconds = Number(answer.headers.get("Retry-After") ?? Number.NaN);
      if (answer.status !== 429 || Number.isNaN(seconds) || time === PATIENCE) return answer;
      await this.rest(Math.min(seconds, LONGEST));
    }
  }
}

/** The body of a good answer. Throws Refusal for a known id, NoAnswer for everything else. */
async function contents(answer: Response): Promise<Uint8Array<ArrayBuffer>> {
  const body = await answer.arrayBuffer().catch(() => undefined);
  if (body === undefined || body.byteLength > LIMIT) throw new NoAnswer();
  if (answer.ok) return new Uint8Array(body);
  const error = members(new Uint8Array(body)).error as { id?: unknown } | null | undefined;
  const id = String(error?.id);
  if (!Object.hasOwn(REFUSALS, id)) throw new NoAnswer();
  throw new Refusal(id);
}

function members(data: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const found: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(data));
    if (found !== null && typeof found === "object" && !Array.isArray(found)) {
      return found as Readonly<Record<string, unknown>>;
    }
  } catch {
    throw new NoAnswer();
  }
  throw new NoAnswer();
}

function string(found: unknown): string {
  if (typeof found !== "string") throw new NoAnswer();
  return found;
}
