/**
 * Questions as theory files and answers out of their messages. A candidate's text enters a file as hexadecimal digits
 * only; the commands that read it are those of `isabelle/Lakatos_Judge.thy`. A line of an answer begins with the nonce of
 * its question, which nothing but that command has seen.
 */
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

export type Question =
  | {
      readonly op: 'judge';
      readonly statement: string;
      readonly proof: string;
      readonly forbidden: readonly string[];
    }
  | { readonly op: 'inspect'; readonly statement: string; readonly probes: readonly string[] };

const judged = z.object({
  verdict: z.enum(['proved', 'rejected', 'forbidden', 'timeout', 'memory']),
  reason: z.string(),
  premises: z.array(z.string()),
  ms: z.number(),
});
const inspected = z.object({
  ok: z.boolean(),
  reason: z.string(),
  typeHash: z.string(),
  constants: z.array(z.string()),
  aliases: z.array(z.string()),
  hollow: z.enum(['reflexive', 'goal-is-hypothesis', 'vacuous']).nullable(),
  trivial: z.string().nullable(),
  refuted: z.string().nullable(),
  ms: z.number(),
});
const answer = z.union([judged, inspected]);
export type Answer = z.infer<typeof answer>;
export type Judged = z.infer<typeof judged>;

/** The theory with our commands; it lies beside the questions. */
export const JUDGE_THEORY = 'Lakatos_Judge';
export const JUDGE_FILES = ['Lakatos_Judge.thy', 'lakatos.ML'].map((name) =>
  fileURLToPath(new URL(`../../../isabelle/${name}`, import.meta.url)),
);

export interface QuestionTheory {
  readonly name: string;
  readonly text: string;
  /** One a question, in order. */
  readonly nonces: readonly string[];
}

export function questionTheory(
  imports: readonly string[],
  questions: readonly Question[],
  wallMs: number,
): QuestionTheory {
  const name = `Lakatos_${randomBytes(8).toString('hex')}`;
  const nonces = questions.map(() => randomBytes(16).toString('hex'));
  const commands = questions.map((question, i) => commandOf(question, nonces[i] ?? '', wallMs));
  return { name, text: theoryText(name, [...imports, JUDGE_THEORY], commands), nonces };
}

export function theoryText(name: string, imports: readonly string[], body: readonly string[]): string {
  const names = imports.map((theory) => `"${theory}"`).join(' ');
  return [`theory ${name}`, `imports ${names}`, 'begin', ...body, 'end', ''].join('\n');
}

function commandOf(question: Question, nonce: string, wallMs: number): string {
  const { statement } = question;
  if (question.op === 'inspect')
    return `lakatos_inspect "${nonce}" ${wallMs} ${hex(statement)} ${hex(question.probes.join('\n'))}`;
  const { proof, forbidden } = question;
  return `lakatos_judge "${nonce}" ${wallMs} ${hex(statement)} ${hex(proof)} ${hex(forbidden.join('\n'))}`;
}

export const hex = (text: string): string => `"${Buffer.from(text, 'utf8').toString('hex')}"`;

/**
 * The answer to the question with this nonce, among the messages of its theory; throws unless there is just one and it
 * reads. It comes as hexadecimal digits: the server reads messages as Isabelle's symbols and writes them as such again.
 */
export function answerIn(messages: readonly string[], nonce: string): Answer {
  const [line, ...others] = messages.filter((message) => message.startsWith(`${nonce} `));
  if (line === undefined) throw new Error('Isabelle gave no answer');
  if (others.length > 0) throw new Error(`Isabelle gave ${1 + others.length} answers to one question`);
  const digits = line.slice(nonce.length).trim();
  return answer.parse(JSON.parse(Buffer.from(digits, 'hex').toString('utf8')));
}
