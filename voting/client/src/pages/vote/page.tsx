/** The voting page: the screen of a state, and the addresses of screens. */

import type { JSX } from "preact";
import { Frame, Heading, Notice, Say, Spoken } from "../components.js";
import type { Facts } from "../facts.js";
import { contestsOf } from "../facts.js";
import type { Language } from "../language.js";
import { CheckScreen, ContestScreen } from "./ballot.js";
import type { Event, State } from "./machine.js";
import type { LogIn } from "./opening.js";
import { District, FaultNotice, Welcome } from "./opening.js";
import { routeOf } from "./route.js";
import { Left, NotDone, ReceiptScreen, Working } from "./sending.js";

export interface PageProps {
  readonly state: State;
  readonly language: Language;
  readonly code: string | null;
  readonly second: string;
  readonly logIn: LogIn;
  readonly speak: (language: Language) => void;
  readonly save: () => void;
  readonly send: (event: Event) => void;
}

export function Page(props: PageProps): JSX.Element {
  const { state, language, speak } = props;
  const { facts, screen, person } = state;
  return (
    <Spoken.Provider value={language}>
      <Frame
        page="vote.page"
        title={facts?.title ?? null}
        test={facts?.test ?? false}
        screen={routeOf(screen)}
        speak={speak}
      >
        {person !== null && (
          <p class="quiet-text not-printed">
            <Say of="vote.who" values={{ name: person }} />
          </p>
        )}
        {facts === null ? <Before state={state} /> : <Shown {...props} facts={facts} />}
      </Frame>
    </Spoken.Provider>
  );
}

/** Until the election is verified nothing of it is shown. */
function Before({ state }: { state: State }): JSX.Element {
  if (state.screen.at !== "broken") {
    return (
      <Notice kind="note">
        <Say of="vote.loading" />
      </Notice>
    );
  }
  return (
    <>
      <Heading>
        <Say of="vote.broken" />
      </Heading>
      <FaultNotice fault={state.screen.fault} />
    </>
  );
}

function Shown(props: PageProps & { readonly facts: Facts }): JSX.Element | null {
  const { state, facts, send } = props;
  const { screen, style, choices, phase, owed } = state;
  switch (screen.at) {
    case "welcome": {
      const { logIn } = props;
      return <Welcome screen={screen} facts={facts} phase={phase} owed={owed} logIn={logIn} />;
    }
    case "district":
      return <District facts={facts} send={send} />;
    case "contest": {
      const contests = style === null ? [] : contestsOf(facts, style);
      const contest = contests[screen.place];
      if (contest === undefined) return null;
      return (
        <ContestScreen
          key={contest.id}
          contest={contest}
          choice={choices[contest.id]}
          place={screen.place}
          count={contests.length}
          missing={screen.missing}
          send={send}
        />
      );
    }
    case "check":
      if (style === null) return null;
      return <CheckScreen facts={facts} style={style} choices={choices} send={send} />;
    case "working":
      return <Working step={screen.step} />;
    case "unanswered":
    case "refused":
    case "alarm":
      return <NotDone kind={screen.at} fault={screen.fault} send={send} />;
    case "receipt": {
      const { code, second, save } = props;
      const { receipt } = screen;
      return <ReceiptScreen {...{ facts, receipt, code, second, save, send }} />;
    }
    case "left":
      return <Left />;
    default:
      return null;
  }
}
