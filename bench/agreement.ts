/**
 * Does the judge say what plain Lean says of the same file? Each pair is judged, and stands as `theorem … := proof` in a
 * file that the same build of Lean only elaborates; there, a pair is proved if nothing in its lines is an error and it
 * rests on no sorry. Where they differ the verdict must be a refusal by policy, with its reason. On the embedded Lean, and on
 * a native one where there is one. Writes bench/results/agreement.json and agreement-native.json.
 *
 *   node bench/agreement.ts [pairs, default 2000] [JSONL with `statement`s, e.g. of miniF2F, tried with a few tactics]
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { z } from 'zod';
import type { Attempt, Verdict } from '../src/checkers/checker.ts';
import { createLeanChecker } from '../src/checkers/lean/checker.ts';
import { defaultCacheDir, embeddedRuntime } from '../src/checkers/lean/embedded.ts';
import { prepareLeanLibrary } from '../src/checkers/lean/library.ts';
import { findNativeLean } from '../src/checkers/lean/native.ts';
import type { LeanRuntime } from '../src/checkers/lean/runtime.ts';
import { cutStatement } from '../src/statements/cut.ts';
import { seedAttempts } from './seed-attempts.ts';

const ENTRY = fileURLToPath(new URL('../src/checkers/lean/lean-process.ts', import.meta.url));
const HEARTBEATS = 20_000;
const HEAD = [
  'import Std',
  'macro "ℕ" : term => `(Nat)',
  'macro "ℤ" : term => `(Int)',
  'set_option autoImplicit false',
  'set_option relaxedAutoImplicit false',
  'set_option linter.all false',
  `set_option maxHeartbeats ${HEARTBEATS}`,
];
const BATCH = 500;
const TACTICS = ['by omega', 'by simp', 'by grind', 'by decide', 'by intros; simp_all'];

function triedWithTactics(file: string): Attempt[] {
  const row = z.looseObject({ formal_statement: z.string().optional(), statement: z.string().optional() });
  const texts = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => row.parse(JSON.parse(line)))
    .map((r) => cutStatement(r.formal_statement ?? r.statement ?? ''));
  return texts.flatMap((text, i) =>
    TACTICS.map((proof, k) => ({
      id: `x${i}-${k}`,
      statement: { id: `x${i}`, language: 'lean' as const, header: '', text, forbidden: [] },
      proof,
    })),
  );
}

/** A build of Lean: the judge on it, and its own way with a file. */
interface Side {
  readonly runtime: LeanRuntime;
  /** The command that elaborates the file and prints its messages as JSON. */
  readonly command: (file: string) => Promise<readonly string[]>;
  readonly result: string;
}

async function judgeAll(runtime: LeanRuntime, attempts: readonly Attempt[]): Promise<Map<string, Verdict>> {
  const checker = createLeanChecker(runtime, { workers: 1, maxHeartbeats: HEARTBEATS, wallMs: 120_000 });
  try {
    const verdicts = await Array.fromAsync(checker.judge(attempts));
    return new Map(verdicts.map((verdict) => [verdict.id, verdict]));
  } finally {
    await checker.close();
  }
}

/** By halves where a batch ends Lean itself; a pair that does so alone is not proved. */
async function plainAll(side: Side, attempts: readonly Attempt[], size = BATCH): Promise<boolean[]> {
  const proved: boolean[] = [];
  for (let i = 0; i < attempts.length; i += size) {
    const batch = attempts.slice(i, i + size);
    const answer = await plainBatch(side, batch);
    if (answer) proved.push(...answer);
    else if (batch.length === 1) proved.push(false);
    else proved.push(...(await plainAll(side, batch, Math.ceil(batch.length / 2))));
    console.error(`plain Lean: ${i + batch.length} of ${attempts.length}`);
  }
  return proved;
}

const message = z.object({ severity: z.string(), pos: z.object({ line: z.number() }), data: z.string() });

async function plainBatch(side: Side, batch: readonly Attempt[]): Promise<boolean[] | undefined> {
  const lines = [...HEAD];
  const starts = batch.map((attempt, i) => {
    const start = lines.length + 1;
    lines.push(
      ...`namespace P${i}\n${attempt.statement.text} :=\n${asWritten(attempt.proof)}\nend P${i}`.split('\n'),
    );
    return start;
  });
  lines.push('#eval "the end"');
  const messages = await plainLean(side, lines.join('\n'));
  if (!messages.some((m) => m.data.includes('the end'))) return undefined;
  const refused = messages.filter((m) => m.severity === 'error' || m.data.includes('sorry'));
  return starts.map((start, i) => {
    const next = starts[i + 1] ?? lines.length;
    return !refused.some(({ pos }) => pos.line >= start && pos.line < next);
  });
}

/** A bare block of tactics is read as after `by`. */
const asWritten = (proof: string): string => (/^by\b/.test(proof) ? proof : `by\n${indented(proof)}`);
const indented = (text: string): string => text.replaceAll(/^/gm, '  ');

async function plainLean({ command }: Side, text: string): Promise<z.infer<typeof message>[]> {
  const scratch = mkdtempSync(join(tmpdir(), 'lakatos-plain-'));
  const file = join(scratch, 'Plain.lean');
  try {
    writeFileSync(file, text);
    const [lean = '', ...args] = await command(file);
    // Into a file: it may be longer than a pipe holds.
    const said = join(scratch, 'messages.jsonl');
    const stdout = { file: said };
    await execa(lean, args, { reject: false, stdin: 'ignore', stdout });
    return readFileSync(said, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => message.parse(JSON.parse(line)));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

const TO_JSON = ['-DmaxErrors=100000', '--json'];

/** With as deep a stack as the judge has. */
async function embeddedCommand(file: string): Promise<readonly string[]> {
  const { dir, wasm } = await prepareLeanLibrary({ cacheDir: defaultCacheDir() });
  const deep = 'ulimit -s 76000 && exec env -i "$@"';
  const node = [process.execPath, '--stack-size=64000', '--wasm-lazy-validation'];
  return ['/bin/sh', '-c', deep, 'sh', ...node, ENTRY, dir, wasm, file, '--check', ...TO_JSON];
}

/** Those that are here. */
function sides(): readonly Side[] {
  const embedded = { runtime: embeddedRuntime(), command: embeddedCommand, result: 'agreement.json' };
  const searchPath = `${process.env.PATH}:${join(homedir(), '.elan', 'bin')}`;
  const native = findNativeLean({ searchPath });
  if (native === undefined) console.error('native Lean: none on the PATH or in ~/.elan/bin');
  const inPath = async (file: string) => ['env', `PATH=${searchPath}`, 'lean', '-j1', ...TO_JSON, file];
  return native
    ? [embedded, { runtime: native, command: inPath, result: 'agreement-native.json' }]
    : [embedded];
}

async function compare(side: Side): Promise<void> {
  const judged = await judgeAll(side.runtime, pairs);
  const plain = await plainAll(side, pairs);
  const differing = pairs.flatMap((pair, i) => {
    const verdict = judged.get(pair.id);
    const proved = verdict?.verdict === 'proved';
    if (proved === plain[i]) return [];
    const policy = verdict?.verdict === 'forbidden' || verdict?.verdict === 'timeout';
    return [
      {
        statement: pair.statement.id,
        proof: pair.proof,
        judge: verdict?.reason,
        plainLean: plain[i],
        policy,
      },
    ];
  });
  const result = {
    command: `node bench/agreement.ts ${process.argv
      .slice(2)
      .map((a, i) => (i === 1 ? 'FILE' : a))
      .join(' ')}`.trimEnd(),
    machine: { cores: cpus().length, node: process.version },
    toolchain: side.runtime.toolchain,
    pairs: pairs.length,
    provedByBoth: pairs.filter((p, i) => plain[i] && judged.get(p.id)?.verdict === 'proved').length,
    refusedByPolicy: differing.filter((d) => d.policy),
    disagreements: differing.filter((d) => !d.policy),
  };
  writeFileSync(`bench/results/${side.result}`, `${JSON.stringify(result, null, 2)}\n`);
  console.log(JSON.stringify({ ...result, refusedByPolicy: result.refusedByPolicy.length }, null, 2));
}

const [count = '2000', extra] = process.argv.slice(2);
const pairs = [...seedAttempts(Number(count), { forbid: false }), ...(extra ? triedWithTactics(extra) : [])];
for (const side of sides()) await compare(side);
