/** A replayed round as a few lines for a terminal. */
import type { Change, RoundSummary } from '../selfplay/replay/replay-summary.ts';

/** Conjectures written out of each kind; the rest is in --out. */
const SHOWN = 5;

export function replayTable(summary: RoundSummary, textOf: (statementId: string) => string): string {
  const { round, same, selection, update, gained, lost, reweighted } = summary;
  const rows: readonly (readonly [string, number | undefined, number | undefined])[] = [
    ['conjectures kept', selection.before.kept, selection.after.kept],
    ['their weight', selection.before.weight, selection.after.weight],
    ['proofs learned from', update.before?.positives, update.after?.positives],
    ['their weight', update.before?.positiveWeight, update.after?.positiveWeight],
    ['failures learned from', update.before?.negatives, update.after?.negatives],
    ['their weight', update.before?.negativeWeight, update.after?.negativeWeight],
    ['conjectures learned from', update.before?.conjectures, update.after?.conjectures],
  ];
  return [
    `round ${round}${same ? ': as recorded' : ''}`,
    ...rows.map(([name, before, after]) => `  ${name.padEnd(25)}${number(before)}  →${number(after)}`),
    ...changes('gained', gained, textOf),
    ...changes('lost', lost, textOf),
    ...(reweighted.length > 0 ? [`  ${reweighted.length} kept with another weight`] : []),
    ...(update.before === null ? ['  the round recorded no update'] : []),
    ...(update.after === null
      ? ['  the weights of proofs depend on a model here, and were not replayed']
      : []),
    '',
  ].join('\n');
}

function changes(name: string, some: readonly Change[], textOf: (id: string) => string): string[] {
  const lines = some.slice(0, SHOWN).map(({ statementId, before, after }) => {
    const other = name === 'gained' ? `was ${before.outcome}` : `now ${after.outcome}`;
    return `  ${name} (${other}): ${textOf(statementId)}`;
  });
  return some.length > SHOWN ? [...lines, `  and ${some.length - SHOWN} more ${name}`] : lines;
}

const number = (value: number | undefined) =>
  (value === undefined ? '–' : String(Number(value.toPrecision(6)))).padStart(10);
