/** Screens from the confirmation on: what happens, what went wrong, and the receipt. */

import type { JSX } from "preact";
import { useContext } from "preact/hooks";
import { Button, Heading, Notice, Say, Spoken } from "../components.js";
import type { Facts } from "../facts.js";
import { moment } from "../language.js";
import { QrPicture } from "../qr_picture.js";
import type { Event, Fault, Receipt, Step } from "./machine.js";
import { STEPS } from "./machine.js";
import { FaultNotice } from "./opening.js";

/** What is being done, step by step; nothing here says that anything is stored. */
export function Working({ step }: { step: Step }): JSX.Element {
  const now = STEPS.indexOf(step);
  return (
    <>
      <Heading>
        <Say of="vote.working" />
      </Heading>
      <p>
        <Say of="vote.working.how" />
      </p>
      <p class="unseen" role="status">
        <Say of={`vote.step.${step}`} />
      </p>
      <ol class="steps">
        {STEPS.map((name, place) => (
          <li key={name} {...(place === now ? { "aria-current": "step" as const } : {})}>
            <span class="step-sign" aria-hidden="true">
              {place < now ? "✓" : place === now ? "●" : "○"}
            </span>
            <span>
              <Say of={`vote.step.${name}`} />{" "}
              <span class="how">
                (<Say of={`vote.step.${place < now ? "done" : place === now ? "now" : "later"}`} />)
              </span>
            </span>
          </li>
        ))}
      </ol>
    </>
  );
}

interface NotDoneProps {
  readonly kind: "unanswered" | "refused" | "alarm";
  readonly fault: Fault;
  readonly send: (event: Event) => void;
}

/** What went wrong, what it means, and the way on. */
export function NotDone({ kind, fault, send }: NotDoneProps): JSX.Element {
  const goesOn = kind !== "alarm" && fault.way !== "stop";
  return (
    <>
      {kind === "alarm" ? (
        <div class="verdict fault" role="alert">
          <Heading>
            <Say of="vote.alarm" />
          </Heading>
        </div>
      ) : (
        <Heading>
          <Say of={kind === "refused" ? "vote.refused" : "vote.unanswered"} />
        </Heading>
      )}
      <FaultNotice fault={fault} />
      {kind !== "refused" && (
        <p>
          <Say of={kind === "alarm" ? "vote.alarm.how" : "vote.unanswered.how"} />
        </p>
      )}
      {kind === "refused" && fault.way === "stop" && (
        <p>
          <Say of="way.stop" />
        </p>
      )}
      <div class="actions">
        {goesOn && <WayOn fault={fault} send={send} />}
        {kind !== "unanswered" && <Leave send={send} />}
      </div>
    </>
  );
}

function WayOn({ fault, send }: { fault: Fault; send: (event: Event) => void }): JSX.Element {
  const go = fault.way === "reload" ? () => location.reload() : () => send({ is: "again" });
  return (
    <Button onPress={go}>
      <Say of={`way.${fault.way}`} />
    </Button>
  );
}

function Leave({ send }: { send: (event: Event) => void }): JSX.Element {
  return (
    <Button kind="side" onPress={() => send({ is: "left" })}>
      <Say of="vote.leave" />
    </Button>
  );
}

interface ReceiptProps {
  readonly facts: Facts;
  readonly receipt: Receipt;
  /** What the second device reads; null where its secret is gone. */
  readonly code: string | null;
  /** Where the second device's page is; empty where an election has none. */
  readonly second: string;
  readonly save: () => void;
  readonly send: (event: Event) => void;
}

/** The ballot is stored: the receipt was verified in this page. */
export function ReceiptScreen(props: ReceiptProps): JSX.Element {
  const { facts, receipt, code, second, save, send } = props;
  const language = useContext(Spoken);
  const time = moment(language, receipt.time);
  return (
    <>
      <div class="verdict good" role="status">
        <Heading>
          ✓ <Say of="vote.receipt" />
        </Heading>
      </div>
      <p>
        <Say of="vote.receipt.checked" values={{ time, number: receipt.sequence }} />{" "}
        {receipt.witnesses > 0 && (
          <Say of="vote.receipt.witnesses" values={{ count: receipt.witnesses }} />
        )}
      </p>
      <Notice kind="note">
        <Say of="vote.receipt.again" values={{ closes: moment(language, facts.period.closes) }} />
      </Notice>
      <p>
        <Say of="vote.receipt.what" />
      </p>
      <div class="actions">
        <Button kind="side" onPress={save}>
          <Say of="vote.receipt.save" />
        </Button>
        <Button kind="side" onPress={() => print()}>
          <Say of="vote.receipt.print" />
        </Button>
      </div>
      <section class="not-printed" aria-labelledby="code">
        <h2 id="code">
          <Say of="vote.code" />
        </h2>
        {code === null ? (
          <p>
            <Say of="vote.code.gone" />
          </p>
        ) : (
          <Code facts={facts} code={code} second={second} send={send} />
        )}
      </section>
      <div class="actions">
        <Button onPress={() => send({ is: "left" })}>
          <Say of="vote.leave" />
        </Button>
      </div>
    </>
  );
}

interface CodeProps {
  readonly facts: Facts;
  readonly code: string;
  readonly second: string;
  readonly send: (event: Event) => void;
}

function Code({ facts, code, second, send }: CodeProps): JSX.Element {
  const values = { address: second, count: facts.limits.verification_minutes };
  return (
    <>
      <p>
        <Say of={second === "" ? "vote.code.program" : "vote.code.how"} values={values} />
      </p>
      <QrPicture of={code} label="vote.code.alt" />
      <Notice kind="warning">
        <Say of="vote.code.secret" />
      </Notice>
      <details>
        <summary>
          <Say of="vote.code.text" />
        </summary>
        <p class="code-text">{code}</p>
      </details>
      <div class="actions">
        <Button kind="side" onPress={() => send({ is: "code-erased" })}>
          <Say of="vote.code.close" />
        </Button>
      </div>
    </>
  );
}

/** After the log-out. */
export function Left(): JSX.Element {
  return (
    <>
      <Heading>
        <Say of="vote.left" />
      </Heading>
      <div class="actions">
        <Button onPress={() => location.reload()}>
          <Say of="way.reload" />
        </Button>
      </div>
    </>
  );
}
