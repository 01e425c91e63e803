/**
 * What a run no longer learns from: statements it tried in earlier rounds, and conjectures it wrote, that state a problem of
 * a set which is protected only since (nightly.evaluate may change from night to night). The ledger remembers from which
 * round on, so that a replay leaves out the same; a set that is named no more is learned from again.
 */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { Ledger, StatementRecord } from '../../ledger/index.ts';
import { protectionFact } from '../../reports/index.ts';
import { noteFact } from '../notes.ts';

const ids = z.array(z.string());

/** From that round on, until a later one says otherwise. */
const leftOutFact = (round: number) => `leftOut.${round}`;

/** Ids of the statements that the round may not learn from. */
export function leftOut(ledger: Ledger, round: number): ReadonlySet<string> {
  for (let since = round; since > 0; since--) {
    const fact = ledger.facts.get(leftOutFact(since));
    if (fact !== undefined) return new Set(ids.parse(fact));
  }
  return new Set();
}

export interface Protection {
  /** Kept out beside the held-out split. */
  readonly sets: readonly string[];
  /** Training problems left out for it. */
  readonly dropped: number;
  readonly isProtected: (statement: StatementRecord) => boolean;
}

/** To be called whenever a run is opened: the ledger knows the sets of the time before. */
export function recordProtection(ledger: Ledger, { sets, dropped, isProtected }: Protection): void {
  const before = protectionFact.optional().parse(ledger.facts.get('protection'))?.sets ?? [];
  const rounds = ledger.rounds.list().map((r) => r.number);
  const next = 1 + (rounds.findLast((round) => ledger.steps.isDone(round, 'learn')) ?? 0);
  ledger.transaction(() => {
    ledger.facts.set('protection', { sets, dropped });
    if (isDeepStrictEqual(before, sets)) return;
    const found = ledger.statements.learnable().filter(isProtected);
    const gone = new Set(found.map(({ id }) => id));
    if (!isDeepStrictEqual(gone, leftOut(ledger, next))) ledger.facts.set(leftOutFact(next), [...gone]);
    const late = next === 1 ? [] : sets.filter((set) => !before.includes(set));
    if (late.length === 0) return;
    const told = ids.parse(ledger.facts.get(noteFact(next, 'protection')) ?? []);
    ledger.facts.set(noteFact(next, 'protection'), [...told, ...late.map((set) => lateNote(set, next))]);
  });
}

const lateNote = (set: string, round: number) =>
  `${set} is protected from round ${round} on; rounds before it may have learned from its problems`;
