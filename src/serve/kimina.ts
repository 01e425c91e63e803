/**
 * The shapes of the Kimina Lean server (project-numina/kimina-lean-server 2.0, MIT): snippets of Lean in, the answers
 * of a Lean REPL out. Its clients decide by them: an `error` that says `timed out`, another `error`, a `response` with
 * a `message` (the REPL failed), with `messages` of severity `error`, with `sorries`; and else the snippet is valid.
 * A `message` is never sent: older clients of theirs do not look for one, and would call the snippet valid.
 *
 * So `valid` is said of nothing but a snippet whose every theorem was proved, and `sorry` only of a lone theorem whose
 * proof is `sorry` and whose statement elaborates. What this door cannot judge is an `error`, not a wrong proof.
 * `timeout`, `reuse`, `infotree` and `debug` are read and not followed: the judge's own limits hold for everyone.
 */
import { z } from 'zod';
import type { Attempt, Inspection, Verdict } from '../checkers/checker.ts';
import { withoutComments } from './commands.ts';
import { readSnippet, type Snippet } from './snippet.ts';

export const checkRequest = z.object({
  snippets: z.array(z.object({ id: z.string(), code: z.string() })).min(1),
});
export const verifyRequest = z.object({
  codes: z.array(
    z
      .object({
        custom_id: z.union([z.string(), z.number()]),
        proof: z.string().nullish(),
        code: z.string().nullish(),
      })
      .refine(({ proof, code }) => (proof ?? code ?? undefined) !== undefined, 'expected `proof` or `code`'),
  ),
});

interface Position {
  readonly line: number;
  readonly column: number;
}
interface Message {
  readonly severity: 'error' | 'warning' | 'info';
  readonly pos: Position;
  readonly endPos?: Position;
  readonly data: string;
}
interface Sorry {
  readonly pos: Position;
  readonly endPos: Position;
  readonly goal: string;
}
export type ReplAnswer = { readonly time: number } & (
  | { readonly error: string }
  | {
      readonly response: {
        readonly env: number;
        readonly messages?: readonly Message[];
        readonly sorries?: readonly Sorry[];
      };
    }
);

/** What a snippet asks of the checker, and how its answers are told. Ids are the caller's, unique in a request. */
export interface Plan {
  readonly attempts: readonly Attempt[];
  /** Is the statement well formed? Asked instead of a proof that is `sorry`. */
  readonly inspects: boolean;
  /** The verdicts on all attempts, in their order; or the inspection of the only one's statement. */
  readonly answer: (verdicts: readonly Verdict[], inspection?: Inspection) => ReplAnswer;
}

export function planFor(code: string, id: string): Plan {
  if (code.trim() === '#check Nat') return probe(id);
  const snippet = readSnippet(code);
  if (snippet.kind !== 'attempts') return { attempts: [], inspects: false, answer: () => refusal(snippet) };
  const attempts = snippet.attempts.map(({ statement: text, proof }, i): Attempt => {
    const as = `${id}.${i}`;
    return {
      id: as,
      statement: { id: as, language: 'lean', header: snippet.header, text, forbidden: [] },
      proof,
    };
  });
  const lines = snippet.attempts.map(({ line }) => line);
  const [only] = attempts;
  if (attempts.length === 1 && only && /^(by\s+)?sorry$/.test(withoutComments(only.proof)))
    return { attempts, inspects: true, answer: (_, inspection) => sorryAnswer(inspection, lines[0] ?? 1) };
  return { attempts, inspects: false, answer: (verdicts) => verdictAnswer(verdicts, lines) };
}

/** The clients' self-test expects Lean's words for `#check Nat`. Lean is asked whether they are so. */
function probe(id: string): Plan {
  const statement = {
    id,
    language: 'lean',
    header: '',
    text: 'theorem nat : (Nat : Type) = Nat',
    forbidden: [],
  } as const;
  const message: Message = { severity: 'info', pos: at(1, 0), endPos: at(1, 6), data: 'Nat : Type' };
  return {
    attempts: [{ id, statement, proof: 'rfl' }],
    inspects: false,
    answer: (verdicts) => {
      const answer = verdictAnswer(verdicts, [1]);
      return isClean(answer) ? { time: answer.time, response: { env: 0, messages: [message] } } : answer;
    },
  };
}

const isClean = (answer: ReplAnswer): boolean =>
  'response' in answer && answer.response.messages === undefined;

/** The first theorem that was not proved speaks for the snippet. */
function verdictAnswer(verdicts: readonly Verdict[], lines: readonly number[]): ReplAnswer {
  const time = verdicts.reduce((sum, { ms }) => sum + ms, 0) / 1000;
  const failed = verdicts.findIndex(({ verdict }) => verdict !== 'proved');
  const { verdict = 'proved', reason = '' } = verdicts[failed] ?? {};
  switch (verdict) {
    case 'proved':
      // Nothing judged is nothing proved, whatever the caller's mistake.
      return verdicts.length === 0 ? { time, error: 'nothing was judged' } : { time, response: { env: 0 } };
    case 'rejected':
      return leanError(reason, lines[failed] ?? 1, time);
    case 'forbidden':
      return leanError(`forbidden: ${reason}`, lines[failed] ?? 1, time);
    case 'timeout':
      return { time, error: `Lean timed out: ${reason}` };
    case 'memory':
      return leanError(`Lean ran out of memory: ${reason}`, lines[failed] ?? 1, time);
    case 'fault':
      return { time, error: `the checker failed: ${reason}` };
    default:
      return verdict satisfies never;
  }
}

function refusal(snippet: Exclude<Snippet, { kind: 'attempts' }>): ReplAnswer {
  const { kind, reason, line } = snippet;
  if (kind === 'rejected') return leanError(reason, line, 0);
  if (kind === 'forbidden') return leanError(`forbidden: ${reason}`, line, 0);
  return {
    time: 0,
    error: `line ${line}: ${reason}; this server judges theorems after imports, opens and variables`,
  };
}

function sorryAnswer(inspection: Inspection | undefined, line: number): ReplAnswer {
  if (!inspection) return { time: 0, error: 'the checker failed: no answer' };
  const time = inspection.ms / 1000;
  if (!inspection.ok) return leanError(inspection.reason, line, time);
  const [pos, endPos] = [at(line, 0), at(line, 0)];
  const warning: Message = { severity: 'warning', pos, endPos, data: "declaration uses 'sorry'" };
  return { time, response: { env: 0, messages: [warning], sorries: [{ pos, endPos, goal: '' }] } };
}

function leanError(data: string, line: number, time: number): ReplAnswer {
  return {
    time,
    response: { env: 0, messages: [{ severity: 'error', pos: at(line, 0), endPos: at(line, 0), data }] },
  };
}

const at = (line: number, column: number): Position => ({ line, column });
