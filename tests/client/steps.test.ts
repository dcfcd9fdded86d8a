/** Long work is cut where it yields, and gives the same whoever drives it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Steps } from "../../crypto/js/steps.js";
import { finish, inSlices } from "../../crypto/js/steps.js";

function* counting(to: number): Steps<number> {
  let sum = 0;
  for (let i = 1; i <= to; i++) {
    sum += i;
    yield;
  }
  return sum;
}

test("work without rest gives the result", () => {
  assert.equal(finish(counting(4)), 10);
});

test("work in slices rests after each that is long enough", async () => {
  let rests = 0;
  const rest = async (): Promise<void> => {
    rests += 1;
  };
  assert.equal(await inSlices(counting(4), 0, rest), 10);
  assert.equal(rests, 4);
  assert.equal(await inSlices(counting(4), 60_000, rest), 10);
  assert.equal(rests, 4);
});

test("an error of the work reaches whoever drives it", async () => {
  function* failing(): Steps<never> {
    yield;
    throw new RangeError("no such choice");
  }
  assert.throws(() => finish(failing()), RangeError);
  await assert.rejects(
    inSlices(failing(), 0, async () => {}),
    RangeError,
  );
});
