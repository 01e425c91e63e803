/** A model that writes on after the end marker, as one does whose tokenizer has no token for it: everybody stops it there. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/index.ts';
import { cutAtStop } from '../../src/policy/onnx/stop-strings.ts';
import type { Completion, SampleRequest, SamplerSettings } from '../../src/policy/policy.ts';
import { loadPrompts } from '../../src/prompts/prompts.ts';
import { evaluate } from '../../src/selfplay/evaluate.ts';
import { propose } from '../../src/selfplay/propose.ts';
import { prove } from '../../src/selfplay/prove.ts';
import type { Run } from '../../src/selfplay/run.ts';
import { screen } from '../../src/selfplay/screen.ts';
import { OVERRIDES, openFakeRun } from './fake-run.ts';
import { FakePolicy } from './fakes.ts';

const root = mkdtempSync(join(tmpdir(), 'lakatos-stops-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const CONJECTURE = ' (n : Nat) : n + 2 = 2 + n := by\n</hard theorem>';
const PROOF = 'simp 1\n```';

/** One token a character; it never ends by itself. */
class WritesOn extends FakePolicy {
  override async *sample(
    requests: readonly SampleRequest[],
    { stop = [] }: Partial<SamplerSettings> = {},
  ): AsyncGenerator<Completion> {
    for (const { id, n, prompt } of requests) {
      const all = `${prompt.includes('<hard theorem>') ? CONJECTURE : PROOF}\nand on and on`;
      const ends = [...all].map((_, i) => i + 1).filter((i) => stop.some((s) => all.slice(0, i).endsWith(s)));
      const written = all.slice(0, ends[0]);
      const tokens = [...written].map((c) => c.charCodeAt(0));
      for (let index = 0; index < n; index++)
        yield {
          id,
          index,
          text: ends.length > 0 ? cutAtStop(written, stop) : written,
          promptTokens: [1],
          tokens,
          logprobs: tokens.map(() => -0.5),
          finish: ends.length > 0 ? 'stop' : 'length',
          policyVersion: this.version,
        };
    }
  }
}

test('with the STP prompts conjectures and proofs end at their marker: nothing is cut at the limit, nothing after it is learned', async () => {
  const { config } = loadConfig({ overrides: OVERRIDES });
  const dir = mkdtempSync(join(root, 'run-'));
  const opened = openFakeRun(dir, config, undefined, undefined, new WritesOn('initial'));
  const run: Run = { ...opened, prompts: loadPrompts('prompts/stp.toml') };
  run.ledger.rounds.begin(1, 'initial');
  for (const step of [propose, screen, prove, evaluate]) (await step(run, 1))();

  const conjectures = run.ledger.conjectures.list(1);
  const written = ({ tokens }: { readonly tokens: readonly number[] }) => String.fromCharCode(...tokens);
  expect(new Set(conjectures.map(written))).toEqual(new Set([CONJECTURE]));
  const screenings = run.ledger.conjectures.screenings(1);
  expect(new Set(screenings.map((s) => s.outcome))).toEqual(new Set(['kept', 'duplicate']));
  for (const purpose of ['prove', 'evaluate'] as const) {
    const attempts = [...run.ledger.attempts.ids({ round: 1, purpose })].flatMap(
      (id) => run.ledger.attempts.get(id) ?? [],
    );
    expect(attempts.length).toBeGreaterThan(0);
    for (const attempt of attempts) {
      expect(attempt).toMatchObject({ text: 'simp 1', finish: 'stop', sampler: { stop: ['```'] } });
      expect(written(attempt)).toBe(PROOF);
    }
  }
  run.ledger.close();
});
