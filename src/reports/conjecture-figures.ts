/** From the conjecturer's completions to the conjectures it learns from: what was lost where. */
import type { Ledger } from '../ledger/index.ts';
import type { RunReport } from './report-data.ts';

type Stage = RunReport['funnel'][number];

/** The screen's other tests: a stage only where one of them dropped something. */
const OTHER = 'passes the screen';

/**
 * Each stage and what keeps a conjecture from it, in the order the round asks. Outcomes that are not here are shown
 * nevertheless, by their own name: those of the screen before "proved", those of the selection before "kept".
 */
const STAGES: readonly (readonly [stage: string, reasons: readonly string[]])[] = [
  ['proposed', []],
  ['parsed', ['unscreened', 'fault', 'unparsed', 'too-long']],
  ['elaborates', ['ill-formed']],
  ['novel', ['duplicate', 'near-copy', 'known', 'held-out']],
  ['says something', ['hollow', 'trivial']],
  ['not refuted', ['refuted']],
  [OTHER, []],
  ['proved', ['unjudged', 'unproved']],
  ['barely provable', ['too-easy']],
  ['kept', ['lemma-unused', 'inelegant', 'unmatched', 'cell-taken', 'over-cap']],
];

/** @param rounds default all */
export function conjectureFunnel(
  ledger: Ledger,
  rounds: readonly number[] = ledger.rounds.list().map((r) => r.number),
): Stage[] {
  const { proposed, screened, selected } = totals(ledger, rounds);
  const known = new Set(STAGES.flatMap(([, reasons]) => reasons));
  const unknown = (outcomes: ReadonlyMap<string, number>) =>
    [...outcomes.keys()].filter((reason) => !known.has(reason)).sort();
  const outcomes = new Map([...screened, ...selected]);
  let count = proposed;
  return STAGES.flatMap(([stage, named]) => {
    const more = stage === OTHER ? unknown(screened) : stage === 'kept' ? unknown(selected) : [];
    const dropped = [...named, ...more]
      .map((reason) => ({ reason, count: outcomes.get(reason) ?? 0 }))
      .filter((d) => d.count > 0);
    count -= dropped.reduce((sum, d) => sum + d.count, 0);
    return stage === OTHER && dropped.length === 0 ? [] : [{ stage, count, dropped }];
  });
}

function totals(ledger: Ledger, rounds: readonly number[]) {
  let proposed = 0;
  const screened = new Map<string, number>();
  const selected = new Map<string, number>();
  for (const number of rounds) {
    const funnel = ledger.funnel(number);
    proposed += funnel.proposed;
    const { kept = 0, ...dropped } = funnel.screened;
    const { selected: _, ...unselected } = funnel.selected;
    for (const [reason, count] of Object.entries(dropped)) add(screened, reason, count);
    for (const [reason, count] of Object.entries(unselected)) add(selected, reason, count);
    add(screened, 'unscreened', funnel.proposed - total(funnel.screened));
    // Kept by the screen, but not yet through selection: the round is not that far.
    add(selected, 'unjudged', kept - total(funnel.selected));
  }
  return { proposed, screened, selected };
}

function add(counts: Map<string, number>, reason: string, count: number): void {
  if (count > 0) counts.set(reason, (counts.get(reason) ?? 0) + count);
}

const total = (counts: Readonly<Record<string, number>>) =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);
