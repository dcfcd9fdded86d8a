/** The second device's page in a browser: what is drawn, and what the browser tells. */

import { render } from "preact";
import { breathe, fits, language, place, remember, site } from "../browser.js";
import { ElectionEngine } from "./engine.js";
import { Looking } from "./looking.js";
import type { State } from "./machine.js";
import { START } from "./machine.js";
import type { PageProps } from "./page.js";
import { Page } from "./page.js";
import { readPinned } from "./pinned.js";

let spoken = language();

async function start(): Promise<void> {
  show({ ...NOTHING, state: START });
  if (!fits()) {
    show({ ...NOTHING, state: broken });
    return;
  }
  const looking: Looking = new Looking(
    new ElectionEngine(async () => {
      const { trust, collector } = await readPinned(site());
      return { trust, collector: site(collector) };
    }, breathe),
    () => draw(looking),
  );
  await looking.open();
}

function draw(looking: Looking): void {
  show({
    state: looking.state,
    isCode: (text) => looking.isCode(text),
    look: (text) => void looking.look(text),
    send: (event) => looking.send(event),
  });
}

type Drawn = Omit<PageProps, "language" | "speak">;

const nothing = (): void => undefined;
const NOTHING: Omit<Drawn, "state"> = { isCode: () => false, look: nothing, send: nothing };
const broken: State = {
  ...START,
  screen: { at: "broken", fault: { key: "fault.browser", checkId: null } },
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
