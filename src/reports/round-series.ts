/**
 * How a run moves from round to round: whatever the loop watched (`watch.<name>`, or `watch.<name>.<member>` where a
 * name has several), as it was written, and shares of the funnel and of the attempts, counted here. Alarms are the facts
 * `refused.<round>` (no update, and why) and `alarm.<round>`, notes the facts `note.<round>.<step>`. Neither a name, an
 * alarm nor a note is interpreted: new ones show without a change here.
 */
import type { Ledger } from '../ledger/index.ts';
import { conjectureFunnel } from './conjecture-figures.ts';
import type { RunReport } from './report-data.ts';

type Series = RunReport['series'][number];
type Round = RunReport['rounds'][number];

export function roundSeries(ledger: Ledger, rounds: readonly Round[]): Series[] {
  return [...countedSeries(ledger, rounds), ...watchedSeries(ledger)];
}

function countedSeries(ledger: Ledger, rounds: readonly Round[]): Series[] {
  const share = (name: string, parts: (round: Round) => readonly [part: number, whole: number]) => {
    const points = rounds.flatMap((r) => {
      const [part, whole] = parts(r);
      return whole > 0 ? [{ round: r.round, value: part / whole }] : [];
    });
    return points.length === 0 ? [] : [{ name, counted: true, members: [{ label: '', points }] }];
  };
  const left = (stage: string) => (r: Round) => {
    const funnel = conjectureFunnel(ledger, [r.round]);
    return [funnel.find((s) => s.stage === stage)?.count ?? 0, r.proposed] as const;
  };
  return [
    ...share('provedShare', (r) => [r.proved, r.attempts]),
    ...share('elaboratesShare', left('elaborates')),
    ...share('novelShare', left('novel')),
    ...share('keptShare', (r) => [r.kept, r.proposed]),
  ];
}

function watchedSeries(ledger: Ledger): Series[] {
  const series = new Map<string, Map<string, { round: number; value: number }[]>>();
  for (const { number: round } of ledger.rounds.list())
    for (const [metric, value] of Object.entries(ledger.metrics.get(round))) {
      const [, name, label = ''] = /^watch\.([^.]+)(?:\.(.+))?$/.exec(metric) ?? [];
      if (name === undefined) continue;
      const members = series.get(name) ?? new Map<string, { round: number; value: number }[]>();
      series.set(name, members.set(label, [...(members.get(label) ?? []), { round, value }]));
    }
  return [...series].map(([name, members]) => ({
    name,
    counted: false,
    members: [...members].map(([label, points]) => ({ label, points })),
  }));
}

export const alarms = (ledger: Ledger): RunReport['alarms'] =>
  told(ledger, (round) => [`refused.${round}`, `alarm.${round}`]);

export const notes = (ledger: Ledger): RunReport['notes'] =>
  told(ledger, (round) => NOTING.map((step) => `note.${round}.${step}`));

/** Who leaves notes. */
const NOTING = ['protection', 'propose', 'learn', 'watch'] as const;

function told(ledger: Ledger, names: (round: number) => readonly string[]): RunReport['notes'] {
  return ledger.rounds.list().flatMap(({ number: round }) =>
    names(round)
      .flatMap((name) => sentencesIn(ledger.facts.get(name)))
      .map((text) => ({ round, text })),
  );
}

/** A fact may be one alarm or note or a list, each a sentence or a record. */
function sentencesIn(fact: unknown): string[] {
  if (fact === undefined || fact === null) return [];
  if (typeof fact === 'string') return [fact];
  if (Array.isArray(fact)) return fact.flatMap(sentencesIn);
  if (typeof fact !== 'object') return [String(fact)];
  return [
    Object.entries(fact)
      .map(([key, value]) => `${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
      .join(', '),
  ];
}
