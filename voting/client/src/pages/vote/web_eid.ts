/**
 * Web eID from a page: the messages that its extension documents (web-eid:1.0), and nothing of its
 * library. Every request is acknowledged within a second and answered within two minutes.
 *
 * The extension is trusted with nothing here: what it says is checked by the collector (log-in) or
 * by this page (the signature) with the certificate that goes with it.
 */

/** Why a card gave nothing. */
export class CardError extends Error {
  override readonly name = "CardError";
  constructor(readonly reason: "missing" | "cancelled" | "failed" | "no-test-card") {
    super(reason);
  }
}

export type HashFunction = "SHA-256" | "SHA-384";

/** A card of the voter: two keys, one logs in and one signs. */
export interface Card {
  /** The text of a token that logs in at this site with this nonce. Throws CardError. */
  logIn(nonce: string): Promise<string>;
  /** The certificate of the key that signs, in DER. Throws CardError. */
  signingCertificate(): Promise<Uint8Array<ArrayBuffer>>;
  /** The signature value over what has this digest: r ‖ s, or RSA's. Throws CardError. */
  sign(certificate: Uint8Array, digest: Uint8Array, hash: HashFunction): Promise<Uint8Array>;
}

const ACKNOWLEDGED = 1_000;
const ANSWERED = 120_000;
const CANCELLED = ["ERR_WEBEID_USER_CANCELLED", "ERR_WEBEID_USER_TIMEOUT"];
const TOKEN = ["unverifiedCertificate", "algorithm", "signature", "format", "appVersion"] as const;

type Answer = Readonly<Record<string, unknown>>;

export class WebEid implements Card {
  constructor(private readonly page: Window) {}

  async logIn(nonce: string): Promise<string> {
    const answer = await this.ask("authenticate", { challengeNonce: nonce });
    return JSON.stringify(Object.fromEntries(TOKEN.map((name) => [name, text(answer, name)])));
  }

  async signingCertificate(): Promise<Uint8Array<ArrayBuffer>> {
    return bytes(text(await this.ask("get-signing-certificate", {}), "certificate"));
  }

  async sign(
    certificate: Uint8Array,
    digest: Uint8Array,
    hashFunction: HashFunction,
  ): Promise<Uint8Array> {
    const request = { certificate: base64(certificate), hash: base64(digest), hashFunction };
    return bytes(text(await this.ask("sign", request), "signature"));
  }

  /** One request and its answer. */
  private ask(action: string, members: Answer): Promise<Answer> {
    const { page } = this;
    const name = `web-eid:${action}`;
    return new Promise((resolve, reject) => {
      const end = (): void => {
        page.removeEventListener("message", hear);
        clearTimeout(unheard);
        clearTimeout(unanswered);
      };
      const fail = (reason: CardError["reason"]): void => {
        end();
        reject(new CardError(reason));
      };
      const hear = (event: MessageEvent<Answer | null>): void => {
        if (event.source !== page || event.data === null || typeof event.data !== "object") return;
        const said = event.data.action;
        if (said === `${name}-ack`) clearTimeout(unheard);
        if (said === `${name}-success`) {
          end();
          resolve(event.data);
        }
        if (said === `${name}-failure`) fail(reasonOf(event.data));
      };
      const unheard = setTimeout(() => fail("missing"), ACKNOWLEDGED);
      const unanswered = setTimeout(() => fail("cancelled"), ANSWERED);
      page.addEventListener("message", hear);
      page.postMessage({ action: name, libraryVersion: "1.0.0", ...members }, page.origin);
    });
  }
}

function reasonOf(answer: Answer): CardError["reason"] {
  const error = answer.error as { code?: unknown } | null | undefined;
  return CANCELLED.includes(String(error?.code)) ? "cancelled" : "failed";
}

function text(answer: Answer, name: string): string {
  const found = answer[name];
  if (typeof found !== "string") throw new CardError("failed");
  return found;
}

function bytes(encoded: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
  } catch {
    throw new CardError("failed");
  }
}

function base64(data: Uint8Array): string {
  return btoa(String.fromCharCode(...data));
}
