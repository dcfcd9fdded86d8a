/** The second device's page: the screen of a state. */

import type { JSX } from "preact";
import { CheckId, Frame, Heading, Notice, Say, Spoken } from "../components.js";
import type { Language } from "../language.js";
import type { Event, Fault, State } from "./machine.js";
import { False, Genuine, LookingNow, Ready, Scanning, Unseen } from "./screens.js";

export interface PageProps {
  readonly state: State;
  readonly language: Language;
  readonly speak: (language: Language) => void;
  readonly isCode: (text: string) => boolean;
  readonly look: (text: string) => void;
  readonly send: (event: Event) => void;
}

export function Page(props: PageProps): JSX.Element {
  const { state, language, speak } = props;
  const facts = state.election?.facts ?? null;
  return (
    <Spoken.Provider value={language}>
      <Frame
        page="second.page"
        title={facts?.title ?? null}
        test={facts?.test ?? false}
        screen={state.screen.at}
        speak={speak}
      >
        <Shown {...props} />
      </Frame>
    </Spoken.Provider>
  );
}

/** Until the election is verified nothing of it is shown. */
function Shown({ state, isCode, look, send }: PageProps): JSX.Element {
  const { screen, election } = state;
  if (screen.at === "broken") return <Broken fault={screen.fault} />;
  if (election === null || screen.at === "loading") {
    return (
      <Notice kind="note">
        <Say of="vote.loading" />
      </Notice>
    );
  }
  switch (screen.at) {
    case "ready":
      return <Ready election={election} fault={screen.fault} look={look} send={send} />;
    case "scanning":
      return <Scanning wanted={isCode} look={look} send={send} />;
    case "looking":
      return <LookingNow />;
    case "genuine":
      return <Genuine facts={election.facts} found={screen.found} send={send} />;
    case "false":
      return <False fault={screen.fault} send={send} />;
    case "unseen":
      return <Unseen fault={screen.fault} send={send} />;
  }
}

function Broken({ fault }: { fault: Fault }): JSX.Element {
  return (
    <>
      <Heading>
        <Say of="vote.broken" />
      </Heading>
      <Notice kind="fault">
        <p>
          <Say of={fault.key} />
        </p>
        <CheckId id={fault.checkId} />
      </Notice>
    </>
  );
}
