/** Every committed vector has the answer that the Python gave when it was made. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { answer } from "./answers.js";

const FOLDER = "tests/vectors/client";

for (const name of readdirSync(FOLDER).filter((file) => file.endsWith(".json"))) {
  test(`the vectors in ${name} are reproduced and refused as they should be`, async () => {
    const vectors = JSON.parse(readFileSync(`${FOLDER}/${name}`, "utf-8"));
    assert.ok(vectors.length > 0);
    for (const { claim, question, answer: expected } of vectors) {
      assert.equal(await answer(question), expected, claim);
    }
  });
}
