/** Claims about catalogues, search and what is thrown. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { EncodingError, VerificationError } from "../../crypto/js/errors.js";
import { NoAnswer, Refusal } from "../../voting/client/src/pages/collector.js";
import type { Contest } from "../../voting/client/src/pages/facts.js";
import { found, takes } from "../../voting/client/src/pages/facts.js";
import type { Language } from "../../voting/client/src/pages/language.js";
import {
  LANGUAGES,
  locale,
  moment,
  pieces,
  preferred,
  spoken,
  text,
} from "../../voting/client/src/pages/language.js";
import { REFUSALS } from "../../voting/client/src/pages/refusals.js";
import en from "../../voting/client/src/pages/text/en.json";
import et from "../../voting/client/src/pages/text/et.json";
import ja from "../../voting/client/src/pages/text/ja.json";
import plain from "../../voting/client/src/pages/text/ja-plain.json";
import { faultOf } from "../../voting/client/src/pages/vote/faults.js";
import { CardError } from "../../voting/client/src/pages/vote/web_eid.js";

type Message = string | Record<string, string>;
const CATALOGUES: Record<Language, Record<string, Message>> = { ja, "ja-plain": plain, en, et };
const holes = (message: Message): string[] =>
  [...JSON.stringify(message).matchAll(/\{([a-z_]+)\}/g)].map((hole) => hole[1]!).sort();

test("all catalogues have the same keys and values", () => {
  for (const language of LANGUAGES) {
    const catalogue = CATALOGUES[language];
    assert.deepEqual(Object.keys(catalogue), Object.keys(en), language);
    for (const [key, message] of Object.entries(catalogue)) {
      const ours = new Set(holes(message));
      assert.deepEqual(ours, new Set(holes(CATALOGUES.en[key]!)), `${language} ${key}`);
      assert.ok(JSON.stringify(message).length > 3, `${language} ${key} is empty`);
    }
  }
});

test("a message with plural forms has exactly those of its language", () => {
  for (const language of LANGUAGES) {
    const rules = new Intl.PluralRules(locale(language)).resolvedOptions().pluralCategories;
    for (const [key, message] of Object.entries(CATALOGUES[language])) {
      assert.equal(typeof message, typeof CATALOGUES.en[key], key);
      if (typeof message === "string") continue;
      assert.deepEqual(Object.keys(message).sort(), [...rules].sort(), `${language} ${key}`);
    }
  }
});

test("easy Japanese gives the reading of every kanji, and readings are kana", () => {
  for (const [key, message] of Object.entries(plain)) {
    for (const said of typeof message === "string" ? [message] : Object.values(message)) {
      for (const [, , reading] of said.matchAll(/\{([^{}|]+)\|([^{}]+)\}/g)) {
        assert.match(reading!, /^[ぁ-んー]+$/u, key);
      }
      assert.doesNotMatch(said.replace(/\{[^{}]+\}/g, ""), /\p{Script=Han}/u, key);
    }
  }
});

test("values, readings and plurals are put in", () => {
  const witnesses = (count: number): string => text("et", "vote.receipt.witnesses", { count });
  assert.deepEqual([1, 2].map(witnesses), [
    "Seda logi kinnitas 1 tunnistaja.",
    "Seda logi kinnitas 2 tunnistajat.",
  ]);
  assert.deepEqual(pieces("ja-plain", "next"), [{ word: "次", reading: "つぎ" }, "へ"]);
  assert.equal(text("ja-plain", "next"), "次へ");
  assert.throws(() => text("en", "vote.who"), RangeError);
});

test("an election without this language is read in its own, and says which", () => {
  assert.deepEqual(spoken({ et: "Jah", en: "Yes" }, "ja"), { text: "Jah", lang: "et" });
  assert.deepEqual(spoken({ ja: "賛成", en: "Yes" }, "ja-plain"), { text: "賛成", lang: "ja" });
});

test("dates are written as people of the language write them", () => {
  const time = "2027-04-10T12:00:00Z";
  assert.match(moment("ja", time), /2027年4月10日/);
  assert.match(moment("en", time), /April 10, 2027/);
  assert.match(moment("et", time), /10\. aprill 2027/);
});

test("a reader's own language comes first", () => {
  assert.equal(preferred(["fr", "et-EE", "ja"]), "et");
  assert.equal(preferred(["fr"]), "en");
});

const BOARD: Contest = {
  id: "board",
  kind: "single_choice",
  title: { en: "Board" },
  blank: false,
  options: [
    {
      number: 1,
      name: { ja: "相沢 千景", en: "AIZAWA Chikage" },
      reading: { ja: "あいざわ ちかげ", en: "Aizawa Chikage" },
      affiliation: { ja: "川辺みらい", en: "Kawabe Mirai" },
    },
    { number: 2, name: { et: "Ülle Mägi" }, reading: null, affiliation: null },
  ],
};

test("people are found by name, reading in either kana, list, number, and without accents", () => {
  const numbers = (query: string): number[] => found(BOARD, query).map((option) => option.number);
  for (const query of ["あいざわ", "アイザワ", "相沢千景", "みらい", "aizawa", "ＡＩＺＡＷＡ"]) {
    assert.deepEqual(numbers(query), [1], query);
  }
  assert.deepEqual(numbers("ulle magi"), [2]);
  assert.deepEqual(numbers("2"), [2]);
  assert.deepEqual(numbers(""), [1, 2]);
  assert.deepEqual(numbers("nobody"), []);
});

test("a contest without blank votes takes none", () => {
  assert.ok(takes(BOARD, [2]));
  for (const choice of [[], [3], [1, 2], [1, 1]]) assert.ok(!takes(BOARD, choice), `${choice}`);
});

test("every refusal has a sentence in every language and a way on", () => {
  for (const [id, way] of Object.entries(REFUSALS)) {
    const fault = faultOf(new Refusal(id), "fault.unknown");
    assert.deepEqual(fault, { key: `refusal.${id}`, way, checkId: id });
    for (const language of LANGUAGES) assert.ok(text(language, fault.key).length > 3, id);
  }
});

test("what is thrown is told as what it means where it happened", () => {
  const failed = new VerificationError("receipt", "receipt", "it is of another ballot");
  const fault = faultOf(failed, "fault.receipt");
  assert.deepEqual(fault, { key: "fault.receipt", way: "stop", checkId: "receipt" });
  assert.equal(faultOf(new EncodingError("x"), "fault.log").key, "fault.log");
  assert.equal(faultOf(new NoAnswer(), "fault.log").key, "fault.network");
  assert.equal(faultOf(new CardError("missing"), "fault.log").key, "fault.web_eid_missing");
  assert.equal(faultOf(new Refusal("accept.unheard_of"), "fault.log").key, "fault.unknown");
  assert.throws(() => faultOf(new TypeError("a defect"), "fault.log"), TypeError);
});
