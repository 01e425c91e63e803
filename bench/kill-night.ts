/**
 * Nights of two rounds with instant policy and judge, killed with SIGKILL: once as each step begins, and at random answers
 * within steps, a hundred kills in all; each killed night goes on until it is killed again or ends, and every ledger must
 * be that of an undisturbed night. Writes bench/results/kill-night.json.
 *
 *   node bench/kill-night.ts [kills, default 100] [seed, default 1]
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { randomFrom } from '../src/ops/seeds.ts';
import { killedAt, livingNight } from '../test/nightly/mortal.ts';
import { contents } from '../test/selfplay/ledger-contents.ts';

const [kills, seed] = [Number(process.argv[2] ?? 100), Number(process.argv[3] ?? 1)];
const random = randomFrom(seed);
const root = mkdtempSync(join(tmpdir(), 'lakatos-kill-'));
const fresh = () => mkdtempSync(join(root, 'run-'));
try {
  const whole = fresh();
  const { answer, step } = await livingNight(whole);
  const expected = contents(whole);
  let [atSteps, within, nights, different] = [0, 0, 0, 0];
  while (atSteps + within < kills) {
    const dir = fresh();
    nights++;
    const boundary = atSteps < step;
    await (boundary
      ? killedAt(dir, 'step', ++atSteps)
      : killedAt(dir, 'answer', 1 + Math.floor(random() * answer)).then(() => within++));
    // Once more, early, where a step is being played again.
    const again = 1 + Math.floor(random() * 20);
    const killedAgain = await killedAt(dir, 'answer', again).then(
      () => true,
      () => false, // less than that was left: it ended
    );
    if (killedAgain) within++;
    await livingNight(dir);
    if (!isDeepStrictEqual(contents(dir), expected)) different++;
    rmSync(dir, { recursive: true, force: true });
  }
  const command = `node bench/kill-night.ts ${kills} ${seed}`;
  const result = { command, kills: { asAStepBegan: atSteps, withinSteps: within }, nights, different };
  writeFileSync('bench/results/kill-night.json', `${JSON.stringify(result, null, 2)}\n`);
  console.log(JSON.stringify(result, null, 2));
  process.exitCode = different === 0 ? 0 : 1;
} finally {
  rmSync(root, { recursive: true, force: true });
}
