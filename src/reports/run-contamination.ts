/**
 * Did a run learn from what it measures itself on? The problems it evaluated are looked for once more, by elaborated type
 * and by text up to the name, among its seeds, its training problems and its conjectures; and how many were kept out
 * before: training problems left out at the last start, conjectures refused by the screen.
 */
import { z } from 'zod';
import { contaminationBy } from '../evaluation/contamination.ts';
import type { Ledger } from '../ledger/index.ts';
import { namelessHash } from '../statements/identity.ts';
import type { RunReport } from './report-data.ts';

/** The fact that a run leaves each time it is opened. */
export const protectionFact = z.strictObject({
  /** `data.protected` and `nightly.evaluate`: sets that are kept out beside the held-out split. */
  sets: z.array(z.string()),
  /** Training problems that state a protected one, left out. */
  dropped: z.int().min(0),
});

export function runContamination(ledger: Ledger): RunReport['contamination'] {
  const tested = testedProblems(ledger);
  if (tested.length === 0) return null;
  const { problems, conjectures, matches } = contaminationBy(ledger, tested, '');
  const protection = protectionFact.optional().parse(ledger.facts.get('protection'));
  const refused = ledger.rounds
    .list()
    .reduce((sum, { number }) => sum + (ledger.funnel(number).screened['held-out'] ?? 0), 0);
  return {
    tested: tested.length,
    problems,
    conjectures,
    refused,
    protectedSets: protection?.sets ?? null,
    dropped: protection?.dropped ?? null,
    matches,
  };
}

function testedProblems(ledger: Ledger) {
  const ids = new Set(
    ledger.rounds
      .list()
      .flatMap(({ number: round }) =>
        ledger.attempts.countsByStatement({ round, purpose: 'evaluate' }).map((s) => s.statementId),
      ),
  );
  return [...ids].flatMap((id) => {
    const problem = ledger.statements.get(id);
    if (problem?.source !== 'dataset') return [];
    const { name, typeHash } = problem;
    return [{ name, nameless: namelessHash(problem), typeHashes: typeHash === undefined ? [] : [typeHash] }];
  });
}
