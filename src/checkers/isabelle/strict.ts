/**
 * The strict tier: what the session accepted is written out as plain theories, one a proof, and built by a fresh Isabelle
 * in batch mode with quick_and_dirty off. A last theory of ours imports them and checks each one's facts against the
 * statement read on its parents alone (`lakatos_confirm`). The text of a candidate stands in a theory here, so only what
 * policy.ts and the session's own scanner have passed may come this far.
 */
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { execa } from 'execa';
import { residentBytesOfTree } from '../../ops/memory.ts';
import { killProcesses, processTree } from '../../ops/process-tree.ts';
import { type PoolWorker, WorkerDeath } from '../pool.ts';
import type { Isabelle } from './install.ts';
import { hex, JUDGE_FILES, JUDGE_THEORY, theoryText } from './theories.ts';

export interface Acceptance {
  readonly imports: readonly string[];
  readonly statement: string;
  readonly proof: string;
}

/** Of a whole batch: what one of them does wrong, a batch of it alone tells. */
export type BuildAnswer =
  | { readonly confirmed: true }
  | { readonly confirmed: false; readonly reason: string };

export interface StrictOptions {
  readonly session: string;
  readonly dirs: readonly string[];
  readonly threads: number;
}

let serial = 0;

export function strictWorker(
  isabelle: Isabelle,
  options: StrictOptions,
): PoolWorker<readonly Acceptance[], BuildAnswer> {
  let root: number | undefined;
  const kill = () => {
    if (root !== undefined) killProcesses(processTree(root));
  };
  return {
    async ask(batch) {
      const session = `Lakatos_Strict_${process.pid}_${++serial}`;
      const dir = await mkdtemp(join(tmpdir(), 'lakatos-strict-'));
      process.once('exit', kill);
      try {
        await writeSession(dir, session, options, batch);
        const child = execa(isabelle.tool, buildArgs(dir, session, options), {
          stdin: 'ignore',
          all: true,
          reject: false,
          detached: true,
        });
        root = child.pid;
        const { exitCode, signal, all } = await child;
        if (exitCode === undefined)
          throw new WorkerDeath(`isabelle build ended by ${signal ?? 'nothing known'}`);
        return exitCode === 0 ? { confirmed: true } : { confirmed: false, reason: errorsIn(all) };
      } finally {
        root = undefined;
        process.removeListener('exit', kill);
        await Promise.all([
          rm(dir, { recursive: true, force: true }),
          ...logsOf(isabelle, session).map((log) => rm(log, { force: true })),
        ]);
      }
    },
    rssBytes: async () => (root === undefined ? undefined : (residentBytesOfTree(root) ?? undefined)),
    kill,
  };
}

async function writeSession(
  dir: string,
  session: string,
  options: StrictOptions,
  batch: readonly Acceptance[],
): Promise<void> {
  await mkdir(dir, { recursive: true });
  for (const file of JUDGE_FILES) await copyFile(file, join(dir, basename(file)));
  const files = sessionFiles(session, options, batch);
  await Promise.all([...files].map(([name, text]) => writeFile(join(dir, name), text)));
}

/** Every file of the session but the judge's own. */
export function sessionFiles(
  session: string,
  { session: parent }: Pick<StrictOptions, 'session'>,
  batch: readonly Acceptance[],
): ReadonlyMap<string, string> {
  const names = batch.map((_, i) => `Candidate_${i + 1}`);
  const candidates = batch.map(({ imports, statement, proof }, i): [string, string] => {
    const name = names[i] ?? '';
    return [`${name}.thy`, theoryText(name, imports, [statement, proof])];
  });
  const checks = batch.map(({ statement }, i) => `lakatos_confirm "${names[i]}" ${hex(statement)}`);
  const others = new Set(batch.flatMap(({ imports }) => imports.flatMap(sessionOf)));
  others.delete(parent);
  const root = [
    `session ${session} = "${parent}" +`,
    '  options [document = false, browser_info = false, quick_and_dirty = false]',
    ...(others.size > 0 ? ['  sessions', ...[...others].map((name) => `    "${name}"`)] : []),
    '  theories',
    '    Confirmed',
    '',
  ].join('\n');
  return new Map([
    ...candidates,
    ['Confirmed.thy', theoryText('Confirmed', [JUDGE_THEORY, ...names], checks)],
    ['ROOT', root],
  ]);
}

/** `HOL-Library.Multiset` is of the session `HOL-Library`. */
function sessionOf(theory: string): string[] {
  const dot = theory.lastIndexOf('.');
  return dot < 0 ? [] : [theory.slice(0, dot)];
}

function buildArgs(dir: string, session: string, { dirs, threads }: StrictOptions): string[] {
  const sessions = [dir, ...dirs].flatMap((d) => ['-d', d]);
  return ['build', ...sessions, '-o', 'quick_and_dirty=false', '-o', `threads=${threads}`, session];
}

/** The lines that Isabelle marks as errors, or the last of what it said. */
function errorsIn(output: string): string {
  const lines = output.split('\n');
  const errors = lines.filter((line) => line.startsWith('*** ')).map((line) => line.slice(4));
  return (errors.length > 0 ? errors : lines.slice(-5)).join(' ').replace(/\s+/g, ' ').trim().slice(0, 400);
}

/** A build leaves its log among the user's heaps. */
const logsOf = ({ heapFolder }: Isabelle, session: string): string[] =>
  [`${session}.db`, `${session}.gz`].map((name) => join(heapFolder, 'log', name));
