/** Screens of the ballot: one contest after the other, then all of it to be checked. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Choices } from "../choices.js";
import { Button, Heading, Named, Notice, Say, Spell, useText } from "../components.js";
import type { Choice, Contest, Facts, Option, Style } from "../facts.js";
import { contestsOf, found } from "../facts.js";
import type { Event } from "./machine.js";

const LONG = 12; // options from which on there is a search field

interface ContestProps {
  readonly contest: Contest;
  readonly choice: Choice | undefined;
  readonly place: number;
  readonly count: number;
  readonly missing: boolean;
  readonly send: (event: Event) => void;
}

/** One contest. */
export function ContestScreen(props: ContestProps): JSX.Element {
  const { contest, choice, place, count, missing, send } = props;
  const [query, search] = useState("");
  const say = useText();
  const shown = found(contest, query);
  const full = contest.kind === "approval" && choice?.length === contest.maximum;
  return (
    <>
      <p class="place">
        <Say of="vote.contest.place" values={{ number: place + 1, count }} />
      </p>
      <Heading>
        <Spell words={contest.title} />
      </Heading>
      <p id="limits">
        <Limits contest={contest} />
      </p>
      {contest.options.length >= LONG && (
        <label class="field">
          <span>
            <Say of="vote.contest.search" />
          </span>
          <input
            type="search"
            value={query}
            autocomplete="off"
            onInput={(event) => search(event.currentTarget.value)}
          />
          <span class="quiet-text" role="status">
            {query !== "" && <Say of="vote.contest.found" values={{ count: shown.length }} />}
          </span>
        </label>
      )}
      <fieldset aria-describedby="limits">
        <legend class="unseen">
          <Spell words={contest.title} />
        </legend>
        <ul class="options">
          {shown.map((option) => (
            <OptionLine
              key={option.number}
              contest={contest}
              option={option}
              chosen={choice?.includes(option.number) ?? false}
              closed={full && !choice?.includes(option.number)}
              send={send}
            />
          ))}
          {contest.kind !== "approval" && contest.blank && query === "" && (
            <li>
              <label class="option blank">
                <input
                  type="radio"
                  name={contest.id}
                  checked={choice?.length === 0}
                  onChange={() => send({ is: "chose", contest: contest.id, number: null })}
                />
                <span>
                  <Say of="vote.contest.blank" />
                </span>
              </label>
            </li>
          )}
        </ul>
      </fieldset>
      <p role="status">
        {contest.kind === "approval" && (
          <Say of="vote.contest.chosen" values={{ count: choice?.length ?? 0 }} />
        )}{" "}
        {full && <Say of="vote.contest.full" />}
      </p>
      {missing && (
        <Notice kind="warning">
          <Say of="vote.contest.missing" />
        </Notice>
      )}
      <nav class="actions" aria-label={say("vote.contest.place", { number: place + 1, count })}>
        <Button onPress={() => send({ is: "next" })}>
          <Say of="next" />
        </Button>
        <Button kind="side" onPress={() => send({ is: "back" })}>
          <Say of="back" />
        </Button>
      </nav>
    </>
  );
}

function Limits({ contest }: { contest: Contest }): JSX.Element {
  if (contest.kind !== "approval") return <Say of="vote.contest.single" />;
  const { minimum, maximum: count } = contest;
  if (minimum === 0) return <Say of="vote.contest.up_to" values={{ count }} />;
  return <Say of="vote.contest.limits" values={{ minimum, count }} />;
}

interface OptionProps {
  readonly contest: Contest;
  readonly option: Option;
  readonly chosen: boolean;
  readonly closed: boolean;
  readonly send: (event: Event) => void;
}

function OptionLine({ contest, option, chosen, closed, send }: OptionProps): JSX.Element {
  return (
    <li>
      <label class="option">
        <input
          type={contest.kind === "approval" ? "checkbox" : "radio"}
          name={contest.id}
          value={option.number}
          checked={chosen}
          disabled={closed}
          onChange={() => send({ is: "chose", contest: contest.id, number: option.number })}
        />
        <span class="option-number">{option.number}</span>
        <span>
          <Named option={option} />
          {option.affiliation !== null && (
            <span class="option-of">
              <Spell words={option.affiliation} />
            </span>
          )}
        </span>
      </label>
    </li>
  );
}

interface CheckProps {
  readonly facts: Facts;
  readonly style: Style;
  readonly choices: Readonly<Record<string, Choice>>;
  readonly send: (event: Event) => void;
}

/** Everything that was chosen, and what happens next. */
export function CheckScreen({ facts, style, choices, send }: CheckProps): JSX.Element {
  return (
    <>
      <Heading>
        <Say of="vote.check" />
      </Heading>
      <Choices
        contests={contestsOf(facts, style)}
        choices={choices}
        change={(place) => send({ is: "change", place })}
      />
      <p>
        <Say of="vote.check.next" />
      </p>
      <div class="actions">
        <Button onPress={() => send({ is: "confirmed" })}>
          <Say of="vote.check.send" />
        </Button>
        <Button kind="side" onPress={() => send({ is: "back" })}>
          <Say of="back" />
        </Button>
      </div>
    </>
  );
}
