/**
 * Work in steps of some milliseconds, so that a page can breathe between them: a generator that
 * yields after each step and returns the result. Who drives it decides how long to rest.
 */

export type Steps<T> = Generator<undefined, T, undefined>;

/** The result, without rest: in a worker, which nobody waits for with a finger on the glass. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** The result; `rest` is awaited whenever `atMost` milliseconds were worked without it. */
export async function inSlices<T>(
  steps: Steps<T>,
  atMost: number,
  rest: () => Promise<void>,
): Promise<T> {
  let since = performance.now();
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    if (performance.now() - since < atMost) continue;
    await rest();
    since = performance.now();
  }
}
