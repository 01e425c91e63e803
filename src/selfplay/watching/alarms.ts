/** Which figures of a round are out of their bounds, and what is to be done. Pure. */
import type { AlarmRule } from '../../config/watch-settings.ts';
import type { Figures } from './figures.ts';

/** As stored in the fact `alarm.<round>`. */
export interface Alarm {
  readonly metric: string;
  /** Null when it was no finite number. */
  readonly value: number | null;
  /** The bound that was passed. */
  readonly bound: { readonly min: number } | { readonly max: number };
  readonly action: AlarmRule['action'];
}

export const alarmFact = (round: number) => `alarm.${round}`;

/** A figure that is absent raises none; one that is no finite number is out of any bound. */
export function raised(figures: Figures, rules: readonly AlarmRule[]): Alarm[] {
  return rules.flatMap(({ metric, min, max, action }): Alarm[] => {
    const value = figures[metric];
    if (value === undefined) return [];
    const finite = Number.isFinite(value);
    const alarm = { metric: `watch.${metric}`, value: finite ? value : null, action };
    if (min !== undefined && (value < min || !finite)) return [{ ...alarm, bound: { min } }];
    if (max !== undefined && (value > max || !finite)) return [{ ...alarm, bound: { max } }];
    return [];
  });
}

export function describeAlarm({ metric, value, bound }: Alarm): string {
  if (value === null) return `${metric} is no finite number`;
  const where = 'min' in bound ? `below ${bound.min}` : `above ${bound.max}`;
  return `${metric} is ${Number(value.toPrecision(3))}, ${where}`;
}
