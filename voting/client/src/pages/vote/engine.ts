/**
 * The election's mathematics behind the voting page: the manifest under its pinned digest, the ballot,
 * its signature and its receipt, computed in steps between which the page can breathe.
 */

import { SukashiError } from "../../../../../crypto/js/errors.js";
import { inSlices } from "../../../../../crypto/js/steps.js";
import { build, checkIdentifier, codeText, newSeed } from "../../ballot.js";
import { Certificate } from "../../certificate.js";
import { Signing } from "../../container.js";
import type { Manifest } from "../../manifest.js";
import { checkReceipt, openAnchor } from "../../receipt.js";
import type { Collector } from "../collector.js";
import { Refusal } from "../collector.js";
import { openElection } from "../election.js";
import type { Choice, Facts, Style } from "../facts.js";
import type { Receipt, Step } from "./machine.js";
import type { Engine, Signed } from "./voting.js";
import type { Card } from "./web_eid.js";

const SLICE = 40; // milliseconds of work without rest

export class ElectionEngine implements Engine {
  #manifest: Manifest | null = null;
  #signer: { readonly certificate: Certificate; readonly identifier: string } | null = null;

  /** `E` is pinned with the page; `rest` lets the browser draw and hear. */
  constructor(
    private readonly collector: Collector,
    private readonly E: string,
    private readonly rest: () => Promise<void>,
  ) {}

  async open(): Promise<{ readonly E: string; readonly facts: Facts }> {
    const { manifest, facts } = await openElection(this.collector, this.E);
    this.#manifest = manifest;
    return { E: this.E, facts };
  }

  async holder(card: Card, identifier: string): Promise<string> {
    const certificate = Certificate.parse(await card.signingCertificate());
    checkIdentifier(certificate, identifier);
    this.#signer = { certificate, identifier };
    return certificate.commonName[0] ?? identifier;
  }

  async make(
    card: Card,
    style: Style,
    choices: Readonly<Record<string, Choice>>,
    tell: (step: Step) => void,
  ): Promise<Signed> {
    const { manifest } = this;
    const { certificate, identifier } = this.#signer ?? missing();
    tell("anchor");
    const { phase, rollVersion } = await this.collector.state();
    if (phase === "suspended") throw new Refusal("accept.suspended");
    if (phase !== "open") throw new Refusal("accept.open");
    const after = openAnchor(await this.collector.file("/log/checkpoint"), manifest.log);
    tell("encrypt");
    const seed = newSeed();
    const voting = { manifest, style: manifest.style(style.id), identifier, rollVersion, after };
    const chosen = new Map(Object.entries(choices));
    const ballot = await inSlices(build(voting, chosen, seed), SLICE, this.rest);
    tell("sign");
    const signing = new Signing(ballot, certificate, new Date());
    const digest = await signing.digest();
    const value = await card.sign(certificate.der, digest, certificate.algorithm.hash);
    return { container: (await signing.seal(value)).slice(), seed: seed.slice() };
  }

  check(receipt: Uint8Array, container: Uint8Array): Receipt {
    const { log } = this.manifest;
    const { sequence, time } = checkReceipt(receipt, container, log);
    return { sequence, time, witnesses: log.required };
  }

  code(sequence: number, seed: Uint8Array): string {
    return codeText(sequence, seed);
  }

  private get manifest(): Manifest {
    return this.#manifest ?? missing();
  }
}

function missing(): never {
  throw new SukashiError("the election was not opened, or nobody is logged in");
}
