/** Encrypts and proves an approval contest of 100 options, and says how long it took. */

import { PublicKey } from "../../crypto/js/elgamal.js";
import { groupByName } from "../../crypto/js/groups/index.js";
import { ballotRandomness, noncePrg } from "../../crypto/js/proofs/binding.js";
import { encrypt, prove } from "../../crypto/js/proofs/range.js";
import { RangeStatement } from "../../crypto/js/proofs/range_statement.js";
import type { Steps } from "../../crypto/js/steps.js";

const OPTIONS = 100;
const [E, seed, fresh] = [new Uint8Array(32), new Uint8Array(32).fill(1), new Uint8Array(32)];
let longest = 0;

function timed<T>(steps: Steps<T>): T {
  for (;;) {
    const started = performance.now();
    const step = steps.next();
    longest = Math.max(longest, performance.now() - started);
    if (step.done) return step.value;
  }
}

for (const name of ["ristretto255", "P-256", "P-384"]) {
  longest = 0;
  const group = groupByName(name);
  const y = group.g.power(group.scalar(2n ** 200n + 3n));
  const m = Array.from({ length: OPTIONS }, (_, i) => (i % 9 === 0 ? 1 : 0));
  const started = performance.now();
  const key = new PublicKey(y);
  const r = m.map((_, i) => ballotRandomness(group, seed, E, "board", i));
  const c = timed(encrypt(key, m, r));
  const statement = new RangeStatement(key, 2, OPTIONS, E, [0, 12]);
  timed(prove(statement, c, m, r, noncePrg(fresh, seed, E, c, m)));
  const total = performance.now() - started;
  const numbers = { group: name, encrypt_prove_ms_100: Math.round(total) };
  console.log(JSON.stringify({ ...numbers, longest_step_ms: Math.round(longest) }));
}
