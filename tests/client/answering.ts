/** Answers questions, one JSON object a line, until there are no more: for tests in Python. */

import { createInterface } from "node:readline";

import { answer } from "./answers.js";

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`);
}
