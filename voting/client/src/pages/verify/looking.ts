/**
 * What the second device's page does with a code: fetch, check everything, open. The checks are the
 * engine's; here is what each outcome is called. The seed is erased as soon as it was looked with.
 */

import { SukashiError, VerificationError } from "../../../../../crypto/js/errors.js";
import type { Code } from "../../second_device.js";
import { NoAnswer, Refusal } from "../collector.js";
import type { Key } from "../language.js";
import type { Event, Fault, Found, Opened, State } from "./machine.js";
import { after, START } from "./machine.js";

/** The election's mathematics. Every method throws SukashiError where something does not hold. */
export interface Engine {
  /** What the manifest says, verified against whom the page trusts; once, before all others. */
  open(): Promise<Opened>;
  /** The code in a text. Throws EncodingError. */
  read(text: string): Code;
  /** Asks the collector, and makes every check of docs/specification.md section 7. */
  look(code: Code): Promise<Found>;
}

/** What each check is about; `receipt` and `verify.receipt` are the receipt's. */
const SENTENCES: readonly (readonly [checkId: string, key: Key])[] = [
  ["receipt", "second.fails.receipt"],
  ["verify.receipt", "second.fails.receipt"],
  ["verify.container", "second.fails.ballot"],
  ["verify.content", "second.fails.ballot"],
  ["verify.signature", "second.fails.signature"],
  ["verify.certificate", "second.fails.signature"],
  ["verify.opening", "second.fails.opening"],
];

export class Looking {
  state: State = START;

  /** `show` is called after every change. */
  constructor(
    private readonly engine: Engine,
    private readonly show: () => void,
  ) {}

  async open(): Promise<void> {
    try {
      this.send({ is: "opened", election: await this.engine.open() });
    } catch (thrown) {
      const fault = unanswered(thrown) ?? failed(thrown, () => "fault.election");
      this.send({ is: "broke", fault });
    }
  }

  /** Whether a text is the code of a ballot: a camera sees others, too. */
  isCode(text: string): boolean {
    const code = this.read(text);
    code?.seed.fill(0);
    return code !== null;
  }

  async look(text: string): Promise<void> {
    const code = this.read(text);
    if (code === null) {
      this.send({ is: "unread", why: "second.no_code" });
      return;
    }
    this.send({ is: "looking" });
    try {
      this.send({ is: "held", found: await this.engine.look(code) });
    } catch (thrown) {
      const fault = unanswered(thrown);
      if (fault !== null) this.send({ is: "unseen", fault });
      else this.send({ is: "failed", fault: failed(thrown, sentence) });
    } finally {
      code.seed.fill(0);
    }
  }

  send(event: Event): void {
    this.state = after(this.state, event);
    this.show();
  }

  private read(text: string): Code | null {
    try {
      return this.engine.read(text);
    } catch (thrown) {
      if (thrown instanceof SukashiError) return null;
      throw thrown;
    }
  }
}

/** The fault where nothing could be looked at; null where something was and does not hold. */
function unanswered(thrown: unknown): Fault | null {
  if (thrown instanceof NoAnswer) return { key: "fault.network", checkId: null };
  if (!(thrown instanceof Refusal)) return null;
  if (thrown.id === "not_found") return { key: "second.not_found", checkId: null };
  return { key: "second.busy", checkId: thrown.id };
}

/** A defect of this program is thrown on. */
function failed(thrown: unknown, key: (checkId: string) => Key): Fault {
  if (thrown instanceof VerificationError) {
    return { key: key(thrown.checkId), checkId: thrown.checkId };
  }
  if (thrown instanceof SukashiError) return { key: key(""), checkId: null };
  throw thrown;
}

function sentence(checkId: string): Key {
  return SENTENCES.find(([known]) => known === checkId)?.[1] ?? "second.fails.ballot";
}
