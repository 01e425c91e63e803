/** Which figures of a round are out of their bounds, and what is to be done. Pure. */
import type { AlarmRule } from '../../config/watch-settings.ts';
import type { Figures } from './figures.ts';

/** As stored in the fact `alarm.<round>`. */
export interface Alarm {
  readonly metric: string;
  readonly value: number;
  /** The bound that was passed. */
  readonly bound: { readonly min: number } | { readonly max: number };
  readonly action: AlarmRule['action'];
}

export const alarmFact = (round: number) => `alarm.${round}`;

/** A figure that is absent raises none. */
export function raised(figures: Figures, rules: readonly AlarmRule[]): Alarm[] {
  return rules.flatMap(({ metric, min, max, action }): Alarm[] => {
    const value = figures[metric];
    if (value === undefined) return [];
    const alarm = { metric: `watch.${metric}`, value, action };
    if (min !== undefined && value < min) return [{ ...alarm, bound: { min } }];
    if (max !== undefined && value > max) return [{ ...alarm, bound: { max } }];
    return [];
  });
}

export function describeAlarm({ metric, value, bound }: Alarm): string {
  const where = 'min' in bound ? `below ${bound.min}` : `above ${bound.max}`;
  return `${metric} is ${Number(value.toPrecision(3))}, ${where}`;
}
