/**
 * What the voting page does: it drives the state machine through log-in, encryption, signature,
 * sending and the check of the receipt. It draws nothing and computes nothing of a ballot.
 *
 * Secrets: the seed lives in this object from the signature until the code is erased, the page is
 * left, or the ballot is refused; it is never written down. The card and the session live as long as
 * the page. What the tab keeps is in kept.ts.
 */

import { VerificationError } from "../../../../../crypto/js/errors.js";
import type { Collector } from "../collector.js";
import type { Choice, Facts, Style } from "../facts.js";
import type { Key } from "../language.js";
import { faultOf } from "./faults.js";
import type { Shelf } from "./kept.js";
import { forget, keep, kept } from "./kept.js";
import type { Event, Fault, Receipt, State, Step } from "./machine.js";
import { after, START } from "./machine.js";
import { wentTo } from "./route.js";
import type { Card } from "./web_eid.js";

type Bytes = Uint8Array<ArrayBuffer>;

/** A ballot that is signed, and the seed that opens it on a second device. */
export interface Signed {
  readonly container: Bytes;
  readonly seed: Bytes;
}

/** The election's mathematics. Every method throws SukashiError where something does not hold. */
export interface Engine {
  /** E in hex, and what the verified manifest says; called once, before all others. */
  open(): Promise<{ readonly E: string; readonly facts: Facts }>;
  /**
   * The name on the certificate with which the card signs, which is that of the person with this roll
   * identifier; `make` signs with it.
   */
  holder(card: Card, identifier: string): Promise<string>;
  /** A new ballot, signed by the card: `tell` hears of each step when it begins. */
  make(
    card: Card,
    style: Style,
    choices: Readonly<Record<string, Choice>>,
    tell: (step: Step) => void,
  ): Promise<Signed>;
  /** What the receipt proves of exactly these bytes. */
  check(receipt: Bytes, container: Bytes): Receipt;
  /** The text of the code that a second device reads. */
  code(sequence: number, seed: Bytes): string;
}

const KEPT_ON: readonly (string | null)[] = ["session.required", "accept.session"];

export class Voting {
  state: State = START;
  private E = "";
  private card: Card | null = null;
  private owed: Bytes | null = null;
  private seed: Bytes | null = null;
  private receipt: Bytes | null = null;

  /** `show` is called after every change. */
  constructor(
    private readonly collector: Collector,
    private readonly engine: Engine,
    private readonly shelf: Shelf,
    private readonly show: () => void,
  ) {}

  /** The election, verified, and whether this tab owes it a ballot. */
  async open(): Promise<void> {
    await this.attempt("broke", "fault.election", async () => {
      const { E, facts } = await this.engine.open();
      const { phase } = await this.collector.state();
      this.E = E;
      this.owed = kept(this.shelf, E);
      this.tell({ is: "opened", facts, phase, owed: this.owed !== null });
    });
  }

  /** Somebody logs in; whoever owed a ballot sends it now. */
  async logIn(found: Promise<Card>): Promise<void> {
    this.tell({ is: "logging-in" });
    await this.attempt("not-logged-in", "fault.web_eid", async () => {
      const card = await found;
      const identifier = await this.collector.logIn((nonce) => card.logIn(nonce));
      const person = await this.engine.holder(card, identifier);
      this.card = card;
      this.tell({ is: "logged-in", person });
    });
    if (this.state.screen.at === "working") await this.deliver();
  }

  /** An event of the screen: what was chosen, confirmed, tried again or left. */
  async send(event: Event): Promise<void> {
    const before = this.state.screen.at;
    if (event.is === "code-erased") this.eraseSeed();
    if (event.is === "left") this.leave();
    this.tell(event);
    if (this.state.screen.at !== "working" || before === "working") return;
    if (this.owed === null) await this.make();
    else await this.deliver();
  }

  /** The browser's Back and Forward. */
  went(route: string): void {
    this.state = wentTo(this.state, route);
    this.show();
  }

  /** The page is closed or left: the secret of its code goes with it. */
  close(): void {
    this.eraseSeed();
    this.tell({ is: "code-erased" });
  }

  /** What the second device reads, while there is a seed. */
  get code(): string | null {
    const { screen } = this.state;
    if (screen.at !== "receipt" || this.seed === null) return null;
    return this.engine.code(screen.receipt.sequence, this.seed);
  }

  /** The receipt as a file. */
  get receiptFile(): Bytes | null {
    return this.receipt;
  }

  private async make(): Promise<void> {
    const { card } = this;
    const { style, choices } = this.state;
    if (card === null || style === null) throw new Error("nobody is logged in");
    await this.attempt("refused", "fault.log", async () => {
      const tell = (step: Step): void => this.tell({ is: "stepped", step });
      const { container, seed } = await this.engine.make(card, style, choices, tell);
      this.seed = seed;
      this.owed = container;
      keep(this.shelf, this.E, container);
    });
    if (this.owed !== null) await this.deliver();
  }

  /** Sends what is signed and checks its receipt. */
  private async deliver(): Promise<void> {
    const container = this.owed;
    if (container === null) throw new Error("nothing is signed");
    try {
      this.tell({ is: "stepped", step: "send" });
      const receipt = await this.collector.send(container);
      this.tell({ is: "stepped", step: "receipt" });
      const found = this.engine.check(receipt, container);
      this.receipt = receipt;
      this.settle();
      this.tell({ is: "stored", receipt: found, code: this.seed !== null });
    } catch (thrown) {
      this.failed(thrown, faultOf(thrown, "fault.receipt"));
    }
  }

  private failed(thrown: unknown, fault: Fault): void {
    if (thrown instanceof VerificationError || fault.key === "fault.receipt") {
      this.tell({ is: "alarmed", fault });
    } else if (fault.way === "same" || KEPT_ON.includes(fault.checkId)) {
      this.tell({ is: "unanswered", fault });
    } else {
      this.settle();
      this.eraseSeed();
      this.tell({ is: "refused", fault });
    }
  }

  /** Nothing is owed any more. */
  private settle(): void {
    this.owed = null;
    forget(this.shelf);
  }

  private leave(): void {
    this.eraseSeed();
    this.settle();
    this.card = null;
    this.receipt = null;
    void this.collector.logOut();
  }

  private eraseSeed(): void {
    this.seed?.fill(0);
    this.seed = null;
  }

  private async attempt(
    is: "broke" | "not-logged-in" | "refused",
    unverified: Key,
    work: () => Promise<void>,
  ): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      this.tell({ is, fault: faultOf(thrown, unverified) });
    }
  }

  private tell(event: Event): void {
    this.state = after(this.state, event);
    this.show();
  }
}
