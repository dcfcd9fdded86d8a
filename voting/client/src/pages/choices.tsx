/** What was chosen, contest by contest: to be checked before it is sent, or compared afterwards. */

import type { JSX } from "preact";
import { Button, Named, Say, Spell, useName, useText } from "./components.js";
import type { Choice, Contest } from "./facts.js";
import { takesBlank } from "./facts.js";

interface ChoicesProps {
  readonly contests: readonly Contest[];
  readonly choices: Readonly<Record<string, Choice>>;
  readonly change?: (place: number) => void;
}

/** What was chosen in each contest, blank votes too. */
export function Choices({ contests, choices, change }: ChoicesProps): JSX.Element {
  return (
    <dl class="choices">
      {contests.map((contest, place) => (
        <div key={contest.id}>
          <dt>
            <Spell words={contest.title} />
          </dt>
          <dd>
            <Chosen contest={contest} choice={choices[contest.id] ?? []} />
          </dd>
          {change !== undefined && <Change contest={contest} change={() => change(place)} />}
        </div>
      ))}
    </dl>
  );
}

function Chosen({ contest, choice }: { contest: Contest; choice: Choice }): JSX.Element {
  const chosen = contest.options.filter((option) => choice.includes(option.number));
  if (chosen.length === 0) {
    return (
      <span class="option-name">{takesBlank(contest) && <Say of="vote.contest.blank" />}</span>
    );
  }
  return (
    <>
      {chosen.map((option) => (
        <Named key={option.number} option={option} />
      ))}
    </>
  );
}

function Change({ contest, change }: { contest: Contest; change: () => void }): JSX.Element {
  const say = useText();
  const name = useName();
  const label = say("vote.check.change_of", {
    contest: name({ number: 0, name: contest.title, reading: null, affiliation: null }),
  });
  return (
    <dd>
      <Button kind="quiet" label={label} onPress={change}>
        <Say of="vote.check.change" />
      </Button>
    </dd>
  );
}
