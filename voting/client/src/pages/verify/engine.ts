/**
 * The election's mathematics behind the second device's page: the manifest under the trust file that
 * came with the page, the eID profile, and what the collector shows for a code.
 */

import { decodeUtf8, encodeHex } from "../../../../../crypto/js/bytes.js";
import { SukashiError } from "../../../../../crypto/js/errors.js";
import { inSlices } from "../../../../../crypto/js/steps.js";
import { fetchToken } from "../../ballot.js";
import { EidProfile } from "../../eid_profile.js";
import type { Code, Election } from "../../second_device.js";
import { look, parseCode } from "../../second_device.js";
import type { Trust } from "../../trust.js";
import { openSignedManifest } from "../../trust.js";
import type { Collector } from "../collector.js";
import type { Facts } from "../facts.js";
import type { Engine } from "./looking.js";
import type { Found, Opened } from "./machine.js";

const SLICE = 40; // milliseconds of work without rest

export class ElectionEngine implements Engine {
  #opened: { readonly election: Election; readonly collector: Collector } | null = null;

  /**
   * `pinned` reads what came with the page: whom it trusts, and the collector, which it does not.
   * `rest` lets the browser draw and hear.
   */
  constructor(
    private readonly pinned: () => Promise<{
      readonly trust: Trust;
      readonly collector: Collector;
    }>,
    private readonly rest: () => Promise<void>,
  ) {}

  async open(): Promise<Opened> {
    const { trust, collector } = await this.pinned();
    const [signed, trustees] = await Promise.all([
      collector.file("/election/manifest.asice"),
      collector.file("/election/manifest.trustees.json"),
    ]);
    const { manifest, data } = await openSignedManifest({ signed, trustees }, trust);
    const names = [...manifest.eidProfile.keys()];
    const files = await Promise.all(
      names.map(async (name): Promise<[string, Uint8Array]> => {
        const path = `/election/eid_profile/${encodeURIComponent(name)}`;
        return [name, await collector.file(path)];
      }),
    );
    const profile = EidProfile.open(new Map(files), manifest.eidProfile, manifest.test);
    this.#opened = { election: { manifest, profile }, collector };
    const facts = JSON.parse(decodeUtf8(data, "manifest.json")) as Facts; // signed, so of this form
    return { facts, E: encodeHex(manifest.digest) };
  }

  read(text: string): Code {
    return parseCode(text);
  }

  async look(code: Code): Promise<Found> {
    if (this.#opened === null) throw new SukashiError("the election was not opened");
    const { election, collector } = this.#opened;
    const token = encodeHex(fetchToken(code.seed, election.manifest.digest));
    const { latest, ...answered } = await collector.verification(code.sequence, token);
    const stored = await look(election, code, answered, (steps) =>
      inSlices(steps, SLICE, this.rest),
    );
    const { signer, style, choices, receipt } = stored;
    const { sequence, time } = receipt;
    return { signer, style, choices: Object.fromEntries(choices), sequence, time, latest };
  }
}
