/**
 * What a night came to, in one line for a mail or a script: `lakatos-night key=value …`, the last line of stdout. Keys
 * come in the order below and are only ever added at the end of their part; what is unknown is left out; a value with
 * anything but letters, digits and `.,:+-/_@%` in it is in double quotes, as JSON.
 */
import type { RunReport } from '../reports/index.ts';
import type { NightLog } from './night.ts';

export type NightStatus = 'done' | 'stopped' | 'busy' | 'failed';

export interface NightEnd {
  readonly status: NightStatus;
  readonly exit: number;
  readonly dir: string;
  /** `2026-11-27T06:00`, local time. */
  readonly until: string;
  readonly seconds: number;
  /** Why it did not end by itself; '' when it did. */
  readonly reason: string;
  readonly log: NightLog;
  /** Of the whole run; null when there is none yet. */
  readonly report: RunReport | null;
}

export function summaryLine(end: NightEnd): string {
  const pairs = [...headPairs(end), ...roundPairs(end), ...evaluationPairs(end), ...tailPairs(end)];
  return `lakatos-night ${pairs.map(([key, value]) => `${key}=${quoted(value)}`).join(' ')}`;
}

type Pair = readonly [key: string, value: string | number];

function headPairs({ status, exit, dir, until, seconds }: NightEnd): Pair[] {
  return [
    ['status', status],
    ['exit', exit],
    ['dir', dir],
    ['until', until],
    ['hours', (seconds / 3600).toFixed(2)],
  ];
}

/** Over the rounds that this night ended. */
function roundPairs({ log, report }: NightEnd): Pair[] {
  const rounds = (report?.rounds ?? []).filter((r) => log.played.includes(r.round));
  const sum = (of: (r: RunReport['rounds'][number]) => number) =>
    rounds.reduce((total, r) => total + of(r), 0);
  const last = rounds.at(-1);
  const earlier = report?.rounds.findLast((r) => r.round < (log.played[0] ?? 0) && r.passAt1 !== null);
  const [now, before] = [last?.passAt1?.estimate, earlier?.passAt1?.estimate];
  return [
    ['rounds', log.played.length],
    ...pair('round', last?.round),
    ...pair('policy', last?.policyVersion),
    ['attempts', sum((r) => r.attempts)],
    ['proved', sum((r) => r.proved)],
    ['newly_proved', sum((r) => r.newlyProved)],
    ['conjectures_kept', sum((r) => r.kept)],
    ...pair('heldout_pass1', shown(now)),
    ...pair('heldout_delta', signed(now, before)),
  ];
}

function evaluationPairs({ log }: NightEnd): Pair[] {
  return log.evaluated.flatMap((result): Pair[] => {
    const { label } = result;
    if (result.kind === 'skipped') return [[label, 'skipped']];
    const { passAtK, solved, problems, comparison } = result.report;
    return [
      ...passAtK.flatMap(({ k, estimate }) => pair(`${label}_pass${k}`, shown(estimate))),
      [`${label}_solved`, `${solved}/${problems}`],
      ...(comparison === null
        ? []
        : ([
            [`${label}_delta`, signed(comparison.difference, 0) ?? ''],
            [`${label}_gained`, comparison.gained.length],
            [`${label}_lost`, comparison.lost.length],
          ] satisfies Pair[])),
    ];
  });
}

const tailPairs = ({ reason }: NightEnd): Pair[] => (reason === '' ? [] : [['reason', reason]]);

const pair = (key: string, value: string | number | undefined): Pair[] =>
  value === undefined ? [] : [[key, value]];

const shown = (estimate: number | null | undefined) =>
  estimate === null || estimate === undefined ? undefined : estimate.toFixed(4);

const signed = (now: number | null | undefined, before: number | null | undefined) =>
  now === null || now === undefined || before === null || before === undefined
    ? undefined
    : `${now < before ? '-' : '+'}${Math.abs(now - before).toFixed(4)}`;

const quoted = (value: string | number) =>
  /^[\w.,:+\-/@%]+$/.test(String(value)) ? String(value) : JSON.stringify(String(value));
