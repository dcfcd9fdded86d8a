/** Screens before the ballot: who are you, and of which district. */

import type { JSX } from "preact";
import { useContext, useState } from "preact/hooks";
import { Button, CheckId, Heading, Notice, Say, Spell, Spoken, useText } from "../components.js";
import type { Facts } from "../facts.js";
import { moment } from "../language.js";
import type { Event, Fault, Phase, Screen } from "./machine.js";

export interface LogIn {
  /** With the voter's own card. */
  readonly withCard: () => void;
  /** With the text of a test card; only where the election is a test. */
  readonly withTestCard: (text: string) => void;
}

interface WelcomeProps {
  readonly screen: Extract<Screen, { at: "welcome" }>;
  readonly facts: Facts;
  readonly phase: Phase;
  readonly owed: boolean;
  readonly logIn: LogIn;
}

/** The election, when it is, and how to log in. */
export function Welcome({ screen, facts, phase, owed, logIn }: WelcomeProps): JSX.Element {
  const language = useContext(Spoken);
  const { opens, closes } = facts.period;
  const period = { opens: moment(language, opens), closes: moment(language, closes) };
  return (
    <>
      <Heading>
        <Spell words={facts.title} />
      </Heading>
      <Notice kind={phase === "open" ? "good" : "warning"}>
        <p>
          <strong>
            <Say of={`vote.phase.${phase}`} />
          </strong>
        </p>
        <p>
          <Say of="vote.period" values={period} />
        </p>
      </Notice>
      {owed && (
        <Notice kind="warning">
          <Say of="vote.kept" />
        </Notice>
      )}
      {screen.fault !== null && <FaultNotice fault={screen.fault} />}
      {(phase === "open" || owed) && (
        <>
          <p>
            <Say of="vote.welcome.how" />
          </p>
          <h2>
            <Say of="vote.welcome" />
          </h2>
          <p>
            <Say of="vote.login.how" />
          </p>
          <p class="actions">
            <Button onPress={logIn.withCard} disabled={screen.busy}>
              <Say of="vote.login" />
            </Button>
          </p>
          <p role="status">{screen.busy && <Say of="vote.login.busy" />}</p>
          {facts.test && <TestCardForm busy={screen.busy} use={logIn.withTestCard} />}
        </>
      )}
    </>
  );
}

/** The sentence of a fault, and which check it was. */
export function FaultNotice({ fault }: { fault: Fault }): JSX.Element {
  return (
    <Notice kind="fault">
      <p>
        <Say of={fault.key} />
      </p>
      <CheckId id={fault.checkId} />
    </Notice>
  );
}

function TestCardForm({ busy, use }: { busy: boolean; use: (text: string) => void }): JSX.Element {
  const [pasted, paste] = useState("");
  const say = useText();
  const read = (file: File | undefined): void => {
    void file?.text().then(paste);
  };
  return (
    <details class="test-card">
      <summary>
        <Say of="vote.test_card" />
      </summary>
      <p>
        <Say of="vote.test_card.how" />
      </p>
      <label class="field">
        <span>
          <Say of="vote.test_card.file" />
        </span>
        <input
          type="file"
          accept=".pem,.txt"
          onChange={(event) => read(event.currentTarget.files?.[0])}
        />
      </label>
      <label class="field">
        <span>
          <Say of="vote.test_card.text" />
        </span>
        <textarea
          value={pasted}
          spellcheck={false}
          autocomplete="off"
          aria-label={say("vote.test_card.text")}
          onInput={(event) => paste(event.currentTarget.value)}
        />
      </label>
      <p class="actions">
        <Button kind="side" disabled={busy || pasted === ""} onPress={() => use(pasted)}>
          <Say of="vote.test_card.use" />
        </Button>
      </p>
    </details>
  );
}

interface DistrictProps {
  readonly facts: Facts;
  readonly send: (event: Event) => void;
}

/** Which ballot: the roll knows it, and the collector refuses another one. */
export function District({ facts, send }: DistrictProps): JSX.Element {
  const titles = new Map(facts.districts.map(({ id, title }) => [id, title]));
  return (
    <>
      <Heading>
        <Say of="vote.district" />
      </Heading>
      <p>
        <Say of="vote.district.how" />
      </p>
      <div class="actions">
        {facts.ballot_styles.map((style) => (
          <Button key={style.id} kind="side" onPress={() => send({ is: "lives", style })}>
            <Spell words={titles.get(style.district) ?? { en: style.id }} />
          </Button>
        ))}
      </div>
    </>
  );
}
