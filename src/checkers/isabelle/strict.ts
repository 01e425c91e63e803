/**
 * The strict tier: what the session accepted is written out as plain theories, one a proof, and built by a fresh Isabelle
 * in batch mode with quick_and_dirty off. A last theory of ours imports them and checks each one's facts against the
 * statement read on its parents alone (`lakatos_confirm`). The text of a candidate stands in a theory here, so only what
 * policy.ts and the session's own scanner have passed may come this far.
 *
 * A build prints none of its theories' messages, so each confirmation is a file with a nonce in it. A build that ends well
 * without them, or fails without an error in a candidate's text or about it, says nothing of the candidates: a fault.
 */
import { randomBytes } from 'node:crypto';
import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { execa } from 'execa';
import { groupBoundToParent } from '../../ops/child.ts';
import { messageOf } from '../../ops/errors.ts';
import { Family } from '../../ops/family.ts';
import { residentBytesOfTree } from '../../ops/memory.ts';
import { type PoolWorker, WorkerDeath } from '../pool.ts';
import type { Isabelle } from './install.ts';
import { plain } from './messages.ts';
import { makeScratch } from './scratch.ts';
import { hex, JUDGE_FILES, JUDGE_THEORY, theoryText } from './theories.ts';

export interface Acceptance {
  readonly imports: readonly string[];
  readonly statement: string;
  readonly proof: string;
}

/** Of a whole batch: what one of them does wrong, a batch of it alone tells. */
export type BuildAnswer =
  | { readonly kind: 'confirmed' }
  | { readonly kind: 'refused' | 'fault'; readonly reason: string };

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
  let family: Family | undefined;
  let killed = false;
  const kill = () => {
    killed = true;
    family?.look();
    family?.kill();
  };
  return {
    async ask(batch) {
      const session = `Lakatos_Strict_${process.pid}_${++serial}`;
      let dir: string | undefined;
      process.once('exit', kill);
      try {
        dir = await makeScratch('strict');
        const candidates = batch.map((accepted, i) => candidateOf(accepted, `Candidate_${i + 1}`, dir ?? ''));
        await writeSession(dir, session, options, candidates);
        if (killed) throw new WorkerDeath('the build was ended before it began');
        const [file, ...args] = groupBoundToParent([isabelle.tool, ...buildArgs(dir, session, options)]);
        const child = execa(file, args, { stdin: 'ignore', all: true, reject: false, detached: true });
        family = new Family(child.nodeChildProcess);
        const { exitCode, signal, all, originalMessage } = await child;
        if (signal !== undefined) throw new WorkerDeath(`isabelle build ended by ${signal}`);
        if (exitCode === undefined)
          return { kind: 'fault', reason: `isabelle build did not start: ${originalMessage}` };
        return exitCode === 0 ? await answerOf(candidates) : failureIn(all);
      } catch (error) {
        if (error instanceof WorkerDeath) throw error;
        return { kind: 'fault', reason: messageOf(error) };
      } finally {
        family = undefined;
        process.removeListener('exit', kill);
        const left = [...(dir === undefined ? [] : [dir]), ...logsOf(isabelle, session)];
        await Promise.all(left.map((path) => rm(path, { recursive: true, force: true })));
      }
    },
    rssBytes: async () => {
      const [root] = family?.look() ?? [];
      return root && (residentBytesOfTree(root.pid) ?? undefined);
    },
    kill,
  };
}

function candidateOf(accepted: Acceptance, name: string, dir: string): Candidate {
  const nonce = randomBytes(16).toString('hex');
  return { ...accepted, name, nonce, confirmation: join(dir, `${name}.confirmed`) };
}

interface Candidate extends Acceptance {
  /** Of its theory. */
  readonly name: string;
  readonly nonce: string;
  /** The file that is to hold the nonce. */
  readonly confirmation: string;
}

async function writeSession(
  dir: string,
  session: string,
  options: StrictOptions,
  candidates: readonly Candidate[],
): Promise<void> {
  for (const file of JUDGE_FILES) await copyFile(file, join(dir, basename(file)));
  const files = sessionFiles(session, options, candidates);
  await Promise.all([...files].map(([name, text]) => writeFile(join(dir, name), text)));
}

/** Every file of the session but the judge's own. */
function sessionFiles(
  session: string,
  { session: parent }: StrictOptions,
  candidates: readonly Candidate[],
): ReadonlyMap<string, string> {
  const theories = candidates.map(({ name, imports, statement, proof }): [string, string] => [
    `${name}.thy`,
    theoryText(name, imports, [statement, proof]),
  ]);
  const checks = candidates.map(
    ({ name, statement, confirmation, nonce }) =>
      `lakatos_confirm "${name}" ${hex(statement)} ${hex(confirmation)} "${nonce}"`,
  );
  const names = candidates.map(({ name }) => name);
  const others = new Set(candidates.flatMap(({ imports }) => imports.flatMap(sessionOf)));
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
    ...theories,
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

async function answerOf(candidates: readonly Candidate[]): Promise<BuildAnswer> {
  for (const { name, nonce, confirmation } of candidates) {
    const said = await readFile(confirmation, 'utf8').catch(() => '');
    if (said !== nonce) return { kind: 'fault', reason: `the build ended well and did not confirm ${name}` };
  }
  return { kind: 'confirmed' };
}

/** What `lakatos_confirm` says of a candidate, or an error below a candidate's header, which takes three lines. */
const OF_A_CANDIDATE = /^lakatos: Candidate_\d+ |\(line (?:[4-9]|\d\d+) of "[^"]*\bCandidate_\d+\.thy"/;
/** Nothing that a proof does by itself. */
const OF_THE_MACHINE = /^Interrupt\b|No space left on device|[Oo]ut of memory/;

/** The lines that Isabelle marks as errors, or the last of what it said, and whether they are about a candidate. */
function failureIn(output: string): BuildAnswer {
  const lines = output.split('\n');
  const errors = lines.flatMap((line) => (line.startsWith('*** ') ? [line.slice(4)] : []));
  const refused =
    errors.some((line) => OF_A_CANDIDATE.test(line)) && !errors.some((line) => OF_THE_MACHINE.test(line));
  const said = plain((errors.length > 0 ? errors : lines.slice(-5)).join(' '));
  return { kind: refused ? 'refused' : 'fault', reason: said.slice(0, 400) };
}

/** A build leaves its log among the user's heaps. */
const logsOf = ({ heapFolder }: Isabelle, session: string): string[] =>
  [`${session}.db`, `${session}.gz`].map((name) => join(heapFolder, 'log', name));
