/** Screens of the second device: give it a code, see one verdict. */

import type { ComponentChildren, JSX } from "preact";
import { useContext, useEffect, useRef, useState } from "preact/hooks";
import { Choices } from "../choices.js";
import { Button, CheckId, Heading, Notice, Say, Spoken, useText } from "../components.js";
import type { Facts } from "../facts.js";
import { contestsOf } from "../facts.js";
import type { Key } from "../language.js";
import { moment } from "../language.js";
import type { Event, Fault, Found, Opened } from "./machine.js";
import { readPicture, scan } from "./scan.js";

interface ReadyProps {
  readonly election: Opened;
  readonly fault: Key | null;
  /** Looks up what a code names; another text is told to be none. */
  readonly look: (text: string) => void;
  readonly send: (event: Event) => void;
}

/** Three ways to give the code. */
export function Ready({ election, fault, look, send }: ReadyProps): JSX.Element {
  const [text, write] = useState("");
  const picture = async (file: File | undefined): Promise<void> => {
    if (file === undefined) return;
    const found = await readPicture(file);
    if (found === null) send({ is: "unread", why: "second.picture.none" });
    else look(found);
  };
  return (
    <>
      <Heading>
        <Say of="second.title" />
      </Heading>
      <p>
        <Say of="second.how" />
      </p>
      {fault !== null && (
        <Notice kind="warning">
          <Say of={fault} />
        </Notice>
      )}
      <div class="actions">
        <Button onPress={() => send({ is: "scanning" })}>
          <Say of="second.scan" />
        </Button>
      </div>
      <label class="field">
        <span>
          <Say of="second.picture" />
        </span>
        <input
          type="file"
          accept="image/*"
          onChange={(event) => void picture(event.currentTarget.files?.[0])}
        />
      </label>
      <label class="field">
        <span>
          <Say of="second.text" />
        </span>
        <input
          type="text"
          value={text}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          onInput={(event) => write(event.currentTarget.value)}
          onKeyDown={(event) => event.key === "Enter" && look(text.trim())}
        />
      </label>
      <div class="actions">
        <Button kind="side" disabled={text.trim() === ""} onPress={() => look(text.trim())}>
          <Say of="second.look" />
        </Button>
      </div>
      <p>
        <Say of="second.secret" />
      </p>
      <p class="quiet-text">
        <Say of="second.election" values={{ digest: election.E }} />
      </p>
    </>
  );
}

interface ScanningProps {
  readonly wanted: (text: string) => boolean;
  readonly look: (text: string) => void;
  readonly send: (event: Event) => void;
}

/** The camera, until it sees the code of a ballot. */
export function Scanning({ wanted, look, send }: ScanningProps): JSX.Element {
  const say = useText();
  const video = useRef<HTMLVideoElement>(null);
  // the camera is started once, not whenever the page is drawn again
  useEffect(() => {
    const stop = new AbortController();
    scan(video.current!, stop.signal, wanted)
      .then((text) => text !== null && look(text))
      .catch(() => send({ is: "unread", why: "second.scan.none" }));
    return () => stop.abort();
  }, []);
  return (
    <>
      <Heading>
        <Say of="second.scan" />
      </Heading>
      <p>
        <Say of="second.scan.how" />
      </p>
      <video ref={video} aria-label={say("second.scan")} muted playsInline />
      <div class="actions">
        <Button kind="side" onPress={() => send({ is: "unread", why: null })}>
          <Say of="second.scan.stop" />
        </Button>
      </div>
    </>
  );
}

export function LookingNow(): JSX.Element {
  return (
    <Heading>
      <Say of="second.looking" />
    </Heading>
  );
}

interface GenuineProps {
  readonly facts: Facts;
  readonly found: Found;
  readonly send: (event: Event) => void;
}

/** What is stored; the voter alone knows whether it is right. */
export function Genuine({ facts, found, send }: GenuineProps): JSX.Element {
  const time = moment(useContext(Spoken), found.time);
  const style = facts.ballot_styles.find(({ id }) => id === found.style);
  return (
    <>
      {found.latest === false ? (
        <Verdict kind="fault" of="second.not_latest" />
      ) : (
        <Verdict kind="good" of="second.genuine" />
      )}
      <p>
        <Say of={found.latest === false ? "second.not_latest.how" : "second.genuine.how"} />
      </p>
      <h2 class="signer">
        <Say of="second.signer" values={{ name: found.signer }} />
      </h2>
      {style !== undefined && (
        <Choices contests={contestsOf(facts, style)} choices={found.choices} />
      )}
      <p>
        <Say of="second.stored" values={{ time, number: found.sequence }} />
      </p>
      {found.latest !== false && (
        <p class="latest">
          <Say of={found.latest === null ? "second.closed" : "second.latest"} />
        </p>
      )}
      <Notice kind="warning">
        <Say of="second.erase" />
      </Notice>
      <Again send={send} />
    </>
  );
}

interface NoProps {
  readonly fault: Fault;
  readonly send: (event: Event) => void;
}

/** Something of the stored ballot is false. */
export function False({ fault, send }: NoProps): JSX.Element {
  return (
    <>
      <Verdict kind="fault" of="second.fails">
        <p>
          <Say of={fault.key} />
        </p>
      </Verdict>
      <p>
        <Say of="second.fails.how" />
      </p>
      <CheckId id={fault.checkId} />
      <Again send={send} />
    </>
  );
}

/** Nothing could be looked at: no answer, or the collector shows none for this code. */
export function Unseen({ fault, send }: NoProps): JSX.Element {
  return (
    <>
      <Verdict kind="open" of="second.unseen">
        <p>
          <Say of={fault.key} />
        </p>
      </Verdict>
      <p>
        <Say of="second.unseen.how" />
      </p>
      <CheckId id={fault.checkId} />
      <Again send={send} />
    </>
  );
}

const SIGNS = { good: "✓", fault: "✕", open: "?" } as const;

interface VerdictProps {
  readonly kind: keyof typeof SIGNS;
  readonly of: Key;
  readonly children?: ComponentChildren;
}

/** The one loud answer. */
function Verdict({ kind, of, children }: VerdictProps): JSX.Element {
  return (
    <div class={`verdict ${kind}`} role={kind === "good" ? "status" : "alert"}>
      <Heading>
        <span aria-hidden="true">{SIGNS[kind]} </span>
        <Say of={of} />
      </Heading>
      {children}
    </div>
  );
}

function Again({ send }: { send: (event: Event) => void }): JSX.Element {
  return (
    <div class="actions">
      <Button kind="side" onPress={() => send({ is: "again" })}>
        <Say of="second.again" />
      </Button>
    </div>
  );
}
