/** Cost: wall time by step, throughput, memory. */
import { facts, section, table } from '../elements.ts';
import { bytes, decimal, duration, percent, whole } from '../format.ts';
import { type Content, html } from '../markup.ts';
import type { RunReport } from '../report-data.ts';

interface Times {
  readonly cpuSeconds: number | null;
  readonly gpuSeconds: number | null;
}

/** Columns that somebody measured. */
function measuredTimes({ cpuSeconds, gpuSeconds }: Times) {
  return [
    ...(cpuSeconds === null ? [] : [{ name: 'CPU', of: (t: Times) => t.cpuSeconds }]),
    ...(gpuSeconds === null ? [] : [{ name: 'GPU', of: (t: Times) => t.gpuSeconds }]),
  ];
}

const timeText = (seconds: number | null) => (seconds === null ? '–' : duration(seconds));

export function costSection({ cost }: RunReport): Content {
  const times = measuredTimes(cost);
  return section(
    'cost',
    'Cost',
    html`<p>Over all rounds; CPU time is that of the whole process tree, GPU time that of the cards held, busy or not. Each rate is its units over the seconds spent on that kind of work.</p>`,
    html`<div class="columns"><div class="block">${table(
      'Time by step',
      [
        { name: 'step' },
        { name: 'wall', numeric: true },
        { name: 'share', numeric: true },
        ...times.map(({ name }) => ({ name, numeric: true })),
      ],
      [
        ...cost.steps.map((s) => [
          s.step,
          duration(s.seconds),
          percent(s.seconds / Math.max(cost.seconds, 1e-9), 0),
          ...times.map(({ of }) => timeText(of(s))),
        ]),
        ['all', duration(cost.seconds), '', ...times.map(({ of }) => timeText(of(cost)))],
      ],
    )}</div><div class="block"><h3>Throughput</h3>${facts([
      ['Sampled', `${whole(cost.sampledTokens)} tokens, ${decimal(cost.sampledTokensPerSecond)} a second`],
      ['Trained', `${whole(cost.trainedTokens)} tokens, ${decimal(cost.trainedTokensPerSecond)} a second`],
      ['Judged', `${whole(cost.verdicts)} verdicts, ${decimal(cost.verdictsPerSecond)} a second`],
      [
        'Slower of sampler and judge',
        cost.busyShare === null ? '–' : `busy ${percent(cost.busyShare)} of the time both work`,
      ],
      [
        'Per new theorem',
        cost.secondsPerNewProof === null ? 'none in this run' : duration(cost.secondsPerNewProof),
      ],
      ['Peak memory', bytes(cost.peakRssBytes)],
    ])}</div></div>`,
  );
}
