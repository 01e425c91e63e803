/** What a run of this configuration comes to, before anything is started. */
import type { Config } from '../config/index.ts';
import { instantOf, localMinute, parseDeadline } from '../ops/deadline.ts';

export function planOf(config: Config, until?: string): string {
  const { propose, data, prove, evaluate, learn, run, nightly } = config;
  const most = (data.trainProblems + propose.conjectures) * prove.samples;
  return [
    '# The plan of a round:',
    `#   propose   ${propose.conjectures} conjectures`,
    '#   screen    each of them, by the checker',
    `#   prove     ${data.trainProblems} unproved problems and the conjectures left, ${prove.samples} attempts each: ${data.trainProblems * prove.samples} to ${most}`,
    '#   judge     every attempt',
    `#   select    pass rate above ${config.select.window.low} and up to ${config.select.window.high}`,
    `#   learn     ${learn.objective}, ${learn.epochs} epoch(s) of steps of about ${learn.batchRows} rows`,
    `#   evaluate  ${evaluate.problems} held-out problems, ${evaluate.samples} attempts each, pass@k for k = ${evaluate.k.join(', ')}`,
    `# ${until === undefined ? `${run.rounds} round(s)` : untilText(until)}${evaluate.beforeAndAfter ? ', after one evaluation of the policy as it is' : ''}.`,
    ...nightly.evaluate.map(
      (set) => `# Then ${set}, ${nightly.samples} attempts each, against ${nightly.compareWith}.`,
    ),
    '',
  ].join('\n');
}

function untilText(until: string): string {
  const at = instantOf(parseDeadline(until), Date.now());
  const minutes = Math.round((at - Date.now()) / 60_000);
  return `Rounds until ${localMinute(at)}, ${minutes} minutes from now, each sized to what is left`;
}
