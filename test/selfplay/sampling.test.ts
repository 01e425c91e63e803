import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/index.ts';
import type { SampleRequest, SamplerSettings } from '../../src/policy/policy.ts';
import { evaluate } from '../../src/selfplay/evaluate.ts';
import { propose } from '../../src/selfplay/propose.ts';
import { prove } from '../../src/selfplay/prove.ts';
import { OVERRIDES, openFakeRun } from './fake-run.ts';
import { FakePolicy } from './fakes.ts';

const root = mkdtempSync(join(tmpdir(), 'lakatos-sampling-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

class ListeningPolicy extends FakePolicy {
  readonly asked: SamplerSettings[] = [];

  override async *sample(requests: readonly SampleRequest[], settings?: SamplerSettings) {
    if (settings !== undefined) this.asked.push(settings);
    yield* super.sample(requests);
  }
}

test('every step samples as its own table says, filters and stop strings included; what is off is left out', async () => {
  const { config } = loadConfig({
    overrides: [
      ...OVERRIDES,
      'propose.topK=7',
      'prove.minP=0.05',
      'prove.stop=["\\n\\n", "theorem"]',
      'evaluate.topP=0.9',
    ],
  });
  const policy = new ListeningPolicy('initial');
  const run = openFakeRun(mkdtempSync(join(root, 'run-')), config, undefined, undefined, policy);
  run.ledger.rounds.begin(1, 'initial');
  for (const step of [propose, prove, evaluate]) await step(run, 1);
  expect(policy.asked).toEqual([
    { temperature: 0.8, topP: 1, topK: 7, stop: ['</s>'], maxTokens: 96 },
    { temperature: 1, topP: 1, topK: 0, minP: 0.05, stop: ['\n\n', 'theorem', '</s>'], maxTokens: 96 },
    { temperature: 1, topP: 0.9, topK: 0, stop: ['</s>'], maxTokens: 96 },
  ]);
  const [attempt] = run.ledger.attempts.ids({ round: 1, purpose: 'prove' });
  expect(run.ledger.attempts.get(attempt ?? '')?.sampler).toEqual(policy.asked[1]);
});
