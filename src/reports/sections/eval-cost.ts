/** What an evaluation cost, and what somebody needs to get it again. */

import { facts, section, table } from '../elements.ts';
import type { EvalReport } from '../eval-data.ts';
import { bytes, decimal, duration, machineText, whole } from '../format.ts';
import { type Content, html } from '../markup.ts';

export function evalCostSection({ cost }: EvalReport): Content {
  const ms = (value: number | null) => (value === null ? '–' : `${decimal(value)} ms`);
  const cpu = (seconds: number | null) => (seconds === null ? '–' : duration(seconds));
  return section(
    'cost',
    'Cost',
    html`<p>By kind of work. CPU time is that of the whole process tree; the time inside the judge is added up over its workers. Both may exceed the wall time.</p>`,
    html`<div class="columns"><div class="block">${table(
      'Time',
      [{ name: 'work' }, { name: 'wall', numeric: true }, { name: 'CPU', numeric: true }],
      [
        ['elaborating the problems', duration(cost.surveySeconds), '–'],
        ['sampling', duration(cost.sampleSeconds), cpu(cost.sampleCpuSeconds)],
        ['judging', duration(cost.judgeSeconds), cpu(cost.judgeCpuSeconds)],
      ],
    )}</div><div class="block"><h3>Throughput</h3>${facts([
      ['Tokens', `${whole(cost.tokens)} generated, ${decimal(cost.tokensPerSecond)} a second`],
      [
        'Verdicts',
        `${decimal(cost.verdictsPerSecond)} a second, ${duration(cost.checkSeconds)} inside the judge`,
      ],
      ['One verdict', `median ${ms(cost.medianMs)}, 95th percentile ${ms(cost.p95Ms)}`],
      [
        'A solved problem',
        cost.secondsPerSolved === null
          ? 'none was solved'
          : `${duration(cost.secondsPerSolved)}, ${decimal(cost.tokensPerSolved)} tokens`,
      ],
      ['Peak memory', bytes(cost.peakRssBytes)],
    ])}</div></div>`,
  );
}

export function evalProvenanceSection({ settings, provenance, id }: EvalReport): Content {
  const { dataset, policy, prompts, sampler } = settings;
  const { machine } = provenance;
  const code = (text: string) => html`<code>${text}</code>`;
  return section(
    'provenance',
    'Provenance',
    html`<p>Every figure above is derived from the evaluation’s ledger; <code>lakatos report</code> writes this page again from it.</p>`,
    facts([
      ['Evaluation', code(id)],
      [
        'Problem set',
        html`${dataset.name} ${dataset.split}, profile ${settings.profile}, fingerprint ${code(dataset.fingerprint)}`,
      ],
      [
        'Policy',
        html`${code(policy.uri)}, weights ${code(policy.version)}${policy.tokenizer === null ? null : html`, tokenizer ${code(policy.tokenizer)}`}`,
      ],
      ['Prompts', html`${prompts.style}, ${code(prompts.hash)}`],
      [
        'Sampler',
        `${settings.samples} attempts, ${samplerText(sampler)}, at most ${sampler.maxTokens} tokens`,
      ],
      ['Seed', String(settings.seed)],
      ['Proof assistant', provenance.toolchain],
      [
        'Versions',
        Object.entries(provenance.versions)
          .map(([name, version]) => `${name} ${version}`)
          .join(', '),
      ],
      ['Machine', machineText(machine)],
    ]),
    html`<details style="margin-top:1.5rem"><summary><span style="flex:1">Settings</span></summary>
<div class="body"><pre><code>${JSON.stringify(settings, null, 2)}</code></pre></div></details>`,
  );
}

function samplerText({ temperature, topP, topK, minP, stop }: EvalReport['settings']['sampler']): string {
  return [
    `temperature ${temperature}, top-p ${topP}, top-k ${topK === 0 ? 'off' : topK}`,
    ...(minP === undefined ? [] : [`min-p ${minP}`]),
    ...(stop === undefined ? [] : [`stop at ${stop.map((text) => JSON.stringify(text)).join(', ')}`]),
  ].join(', ');
}
