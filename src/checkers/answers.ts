/** Answers as data: their schemas, and those that say only that there is none. */
import { z } from 'zod';
import { VERDICTS } from './checker.ts';

export const verdictAnswer = z.object({
  verdict: z.enum(VERDICTS),
  reason: z.string(),
  axioms: z.array(z.string()),
  premises: z.array(z.string()),
  ms: z.number(),
});
export type VerdictAnswer = z.infer<typeof verdictAnswer>;

export const inspectionAnswer = z.object({
  ok: z.boolean(),
  reason: z.string(),
  typeHash: z.string(),
  constants: z.array(z.string()),
  aliases: z.array(z.string()),
  hollow: z.enum(['reflexive', 'shadowed', 'goal-is-hypothesis', 'vacuous', 'unused-everything']).nullable(),
  trivial: z.string().nullable(),
  refuted: z.string().nullable(),
  ms: z.number(),
});
export type InspectionAnswer = z.infer<typeof inspectionAnswer>;

/** The verdict on an attempt that no checker could judge. */
export function faultAnswer(reason: string): VerdictAnswer {
  return { verdict: 'fault', reason, axioms: [], premises: [], ms: 0 };
}

/** What is said of a statement that is refused, or that no checker could inspect: then the reason begins with `fault:`. */
export function notInspected(reason: string): InspectionAnswer {
  const nothing = { constants: [], aliases: [], hollow: null, trivial: null, refuted: null };
  return { ok: false, reason, typeHash: '', ...nothing, ms: 0 };
}

/** Whether it was the checker that failed, not the statement. */
export const isFault = ({ ok, reason }: Pick<InspectionAnswer, 'ok' | 'reason'>): boolean =>
  !ok && reason.startsWith('fault:');
