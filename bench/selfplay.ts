/**
 * Does self-play help? The same loop under several arms and seeds, from the same warm start, on the same problems. Each run
 * is `lakatos run` in a process of its own; a finished one leaves an outcome file that is committed, one that was cut off goes
 * on where it was. Afterwards the page bench/selfplay/README.md is written from the outcomes there are.
 *
 *   node bench/selfplay.ts [--arms a,b] [--seeds 1,2,3] [--set key=value,…] [--label NAME] [--lanes 2] [--page]
 *
 * `--set` is for variants of an arm, whose outcomes then are under arm NAME and in a table of their own; `--lanes` runs go
 * side by side, one core each; `--page` only writes the page. Hours on two cores. The warm start is trained first
 * (runs/selfplay/start, a quarter of an hour). Runs lie in runs/selfplay/, outcomes in bench/selfplay/outcomes/.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import PQueue from 'p-queue';
import { openLedger } from '../src/ledger/index.ts';
import { MAIN_ARMS } from './selfplay/figures.ts';
import { outcomeOf } from './selfplay/outcome.ts';
import { writePage } from './selfplay/page.ts';

const OUTCOMES = 'bench/selfplay/outcomes';
const CONFIG = 'bench/selfplay/experiment.toml';
/** The prover has been shown proofs of 120 theorems only: a stronger start equals the tactic portfolio, and nothing is left to learn. */
const START = 'runs/selfplay/start';
const PRETRAIN = ['seed', 'pretrain', '--steps', '600', '--theorems', '120', '--out', START];
/** Arms without conjectures spend the same on twice the attempts. */
const DOUBLED = ['prove.samples=16'];
/** Learning from failures at the rate of imitation undoes the model (bench/selfplay/notes.md). */
const GENTLE = ['learn.learningRate=1e-4'];
const EXTRA: Readonly<Record<string, readonly string[]>> = {
  sampling: DOUBLED,
  'expert-iteration': DOUBLED,
  'stp+oreal-repo': GENTLE,
  'stp+oreal-paper': GENTLE,
};

const { values } = parseArgs({
  options: {
    arms: { type: 'string', default: MAIN_ARMS.join(',') },
    seeds: { type: 'string', default: '1,2,3' },
    set: { type: 'string', default: '' },
    label: { type: 'string', default: '' },
    lanes: { type: 'string', default: '2' },
    page: { type: 'boolean', default: false },
  },
});

if (values.set !== '' && values.label === '')
  throw new Error('--set makes variants of an arm: give them a name of their own with --label NAME.');
mkdirSync(OUTCOMES, { recursive: true });
if (!values.page) await playAll();
writePage(OUTCOMES);

async function playAll(): Promise<void> {
  if (!existsSync(START)) await execa(process.execPath, ['src/main.ts', ...PRETRAIN], { stdio: 'inherit' });
  const lanes = new PQueue({ concurrency: Number(values.lanes) });
  const runs = values.seeds
    .split(',')
    .flatMap((seed) => values.arms.split(',').map((arm) => [arm, seed] as const));
  await Promise.all(runs.map(([arm, seed]) => lanes.add(() => play(arm, seed))));
}

async function play(arm: string, seed: string): Promise<void> {
  const label = values.label || arm;
  const name = `${label}-${seed}`;
  const file = join(OUTCOMES, `${name}.json`);
  if (existsSync(file)) return;
  const dir = join('runs/selfplay', name);
  const more = values.set.split(',').filter(Boolean);
  const settings = [...(EXTRA[arm] ?? []), ...more, `run.seed=${seed}`];
  const args = ['run', '--config', CONFIG, '--arm', arm, '--set', ...settings, '--out', dir];
  console.error(`${new Date().toISOString()} ${name}`);
  const begun = performance.now();
  await execa(process.execPath, ['src/main.ts', ...args], { stdout: 'ignore', stderr: 'inherit' });
  const ledger = openLedger(join(dir, 'ledger.sqlite'), { readonly: true });
  try {
    const outcome = {
      arm: label,
      seed: Number(seed),
      command: `lakatos ${args.join(' ')}`,
      ...outcomeOf(ledger),
    };
    writeFileSync(file, `${JSON.stringify(outcome)}\n`);
  } finally {
    ledger.close();
  }
  const minutes = Math.round((performance.now() - begun) / 60_000);
  console.error(`${name}: ${minutes} minutes; ${readFileSync(join(dir, 'summary.txt'), 'utf8')}`);
}
