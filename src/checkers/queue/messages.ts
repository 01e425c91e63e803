/**
 * What goes through Redis: groups of questions to workers, groups of answers back, each read by a schema on arrival.
 * Whoever can write to that Redis can forge verdicts: it has to be as safe as the checker itself.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Statement } from '../../statements/statement.ts';
import { inspectionAnswer, verdictAnswer } from '../answers.ts';
import type { InspectOptions } from '../checker.ts';
import { attemptHash, type Standing } from '../standing.ts';

const probe = z.enum(['hollow', 'trivial', 'refute']);
const statement = z.object({
  language: z.enum(['lean', 'isabelle']),
  header: z.string(),
  text: z.string(),
  forbidden: z.array(z.string()),
});

/** One group is one job: attempts to judge, or statements to inspect under the same probes. */
export const groupSchema = z.discriminatedUnion('op', [
  z.object({
    op: z.literal('judge'),
    standing: z.string(),
    items: z.array(z.object({ statement, proof: z.string() })),
  }),
  z.object({
    op: z.literal('inspect'),
    standing: z.string(),
    probes: z.array(probe),
    items: z.array(z.object({ statement })),
  }),
]);
export type Group = z.infer<typeof groupSchema>;

/** In the order of the group's items. */
export const answersSchema = z.object({
  standing: z.string(),
  answers: z.union([z.array(verdictAnswer), z.array(inspectionAnswer)]),
});
export type Answers = z.infer<typeof answersSchema>;

/** What is asked of a worker, without whoever asks it: questions alike are one question. */
export type Question =
  | { readonly op: 'judge'; readonly statement: Statement; readonly proof: string }
  | {
      readonly op: 'inspect';
      readonly statement: Statement;
      readonly probes: NonNullable<InspectOptions['probes']>;
    };

/** Questions of one kind may share a group. */
export const kindOf = (question: Question): string =>
  question.op === 'judge' ? 'judge' : `inspect ${question.probes.join(' ')}`;

export function questionHash(standing: Standing, question: Question): string {
  const proof = question.op === 'judge' ? question.proof : '';
  const hash = attemptHash(standing, { id: '', statement: question.statement, proof }).toString('hex');
  return `${kindOf(question)} ${hash}`;
}

/** Questions of one kind. */
export function groupOf(standing: string, questions: readonly [Question, ...Question[]]): Group {
  const [first] = questions;
  if (first.op === 'inspect')
    return { op: 'inspect', standing, probes: [...first.probes], items: questions.map(bare) };
  const items = questions.map((q) => ({ ...bare(q), proof: q.op === 'judge' ? q.proof : '' }));
  return { op: 'judge', standing, items };
}

function bare({ statement: { language, header, text, forbidden } }: Question) {
  return { statement: { language, header, text, forbidden: [...forbidden] } };
}

/** A job's id: the same questions in flight twice are one job. BullMQ wants no colon and not digits alone. */
export const groupId = (hashes: readonly string[]): string =>
  `g${createHash('sha256').update(hashes.join('\n')).digest('hex')}`;

/** Jobs of another standing are in another queue, which this standing's workers never read. */
export const queueName = (standing: string): string => `judge-${standing}`;
