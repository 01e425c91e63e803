/** Settings of what a run watches in itself, and of what it does when a figure leaves its bounds. */
import { z } from 'zod';

/** What alarms can be set on: a round's metrics `watch.<name>`. */
export const WATCHED = [
  'disjunctiveShare',
  'conclusionChars',
  'vacuousShare',
  'duplicateShare',
  'lemmaTop1Share',
  'keptLemmaEntropy',
  'samplerEntropy',
  'conjecturerEntropy',
  'samplerGap',
  'logprobDrift',
] as const;
export type Watched = (typeof WATCHED)[number];

/** `warn` says so; `refresh` has the next round learn anew from the first policy; `stop` ends the run, resumably. */
export const ALARM_ACTIONS = ['warn', 'refresh', 'stop'] as const;

const alarm = z.strictObject({
  metric: z.enum(WATCHED),
  min: z.number().exactOptional(),
  max: z.number().exactOptional(),
  action: z.enum(ALARM_ACTIONS).default('warn'),
});
export type AlarmRule = Readonly<z.output<typeof alarm>>;

export const watch = z.strictObject({
  driftRows: z.int().min(0).default(64).meta({
    description:
      'Attempts scored again before the update and after it, for samplerGap and logprobDrift; 0 is none, and there is none where prove tempers or filters',
  }),
  alarms: z
    .array(alarm)
    .default([
      { metric: 'disjunctiveShare', max: 0.8, action: 'warn' },
      { metric: 'samplerEntropy', min: 0.02, action: 'warn' },
    ])
    .meta({
      description: `Bounds on a round's figures, which a figure that is no finite number is out of, each { metric, min, max, action }; metrics ${WATCHED.join(', ')}; actions ${ALARM_ACTIONS.join(', ')}`,
    }),
});

/** An alarm without a bound, or with none between its two, can never be silent or never sound as meant. */
export function checkAlarms(
  { watch }: { readonly watch: { readonly alarms: readonly AlarmRule[] } },
  context: z.RefinementCtx,
): void {
  watch.alarms.forEach(({ min, max }, i) => {
    const complain = (key: string, message: string, input: unknown) =>
      context.addIssue({ code: 'custom', path: ['watch', 'alarms', i, key], message, input });
    if (min === undefined && max === undefined) complain('max', 'a bound: min, max or both', undefined);
    if (min !== undefined && max !== undefined && min > max)
      complain('min', `at most watch.alarms.${i}.max (${max})`, min);
  });
}
