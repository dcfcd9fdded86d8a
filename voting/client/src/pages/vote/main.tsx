/** The voting page in a browser: what is drawn, and what the browser tells. */

import { render } from "preact";
import { breathe, download, fits, language, place, remember, site } from "../browser.js";
import { readPinned } from "../pinned.js";
import { ElectionEngine } from "./engine.js";
import { faultOf } from "./faults.js";
import { START } from "./machine.js";
import type { PageProps } from "./page.js";
import { Page } from "./page.js";
import { routeOf } from "./route.js";
import { TestCard } from "./test_card.js";
import { Voting } from "./voting.js";
import { WebEid } from "./web_eid.js";

const IN_DANGER = ["working", "unanswered"]; // to close the page now is to lose the way to the receipt

let spoken = language();

async function start(): Promise<void> {
  show({ ...NOTHING, state: START });
  if (!fits()) {
    const fault = { key: "fault.browser", way: "stop", checkId: null } as const;
    show({ ...NOTHING, state: { ...START, screen: { at: "broken", fault } } });
    return;
  }
  const collector = site();
  let pinned: Awaited<ReturnType<typeof readPinned>>;
  try {
    pinned = await readPinned(collector);
  } catch (thrown) {
    const fault = faultOf(thrown, "fault.election");
    show({ ...NOTHING, state: { ...START, screen: { at: "broken", fault } } });
    return;
  }
  const engine = new ElectionEngine(collector, pinned.election, breathe);
  const voting = new Voting(collector, engine, sessionStorage, () => draw(voting, pinned.second));
  window.addEventListener("popstate", () => voting.went(location.hash));
  window.addEventListener("pagehide", () => voting.close());
  window.addEventListener("beforeunload", (event) => {
    if (IN_DANGER.includes(voting.state.screen.at)) event.preventDefault();
  });
  await voting.open();
}

/** Draws a state, and keeps the address in step with it. */
function draw(voting: Voting, second: string): void {
  const route = routeOf(voting.state.screen);
  if (location.hash !== route) history.pushState(null, "", route);
  const logIn = {
    withCard: () => void voting.logIn(Promise.resolve(new WebEid(window))),
    withTestCard: (text: string) => void voting.logIn(TestCard.read(text, location.origin)),
  };
  const save = (): void => {
    const { screen } = voting.state;
    if (screen.at !== "receipt" || voting.receiptFile === null) return;
    download(`receipt-${screen.receipt.sequence}.txt`, voting.receiptFile);
  };
  const send: PageProps["send"] = (event) => void voting.send(event);
  show({ state: voting.state, code: voting.code, second, logIn, save, send });
}

type Drawn = Omit<PageProps, "language" | "speak">;

const nothing = (): void => undefined;
const NOTHING: Omit<Drawn, "state"> = {
  code: null,
  second: "",
  logIn: { withCard: nothing, withTestCard: nothing },
  save: nothing,
  send: nothing,
};

function show(drawn: Drawn): void {
  const speak: PageProps["speak"] = (chosen) => {
    spoken = chosen;
    remember(chosen);
    show(drawn);
  };
  render(<Page {...drawn} language={spoken} speak={speak} />, place());
}

void start();
