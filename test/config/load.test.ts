import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeConfig, loadConfig } from '../../src/config/index.ts';
import { editDistance } from '../../src/config/nearest.ts';
import { exitCodeOf, UsageError } from '../../src/ops/errors.ts';

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'lakatos-config-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
}

function refusal(sources: Parameters<typeof loadConfig>[0]): UsageError {
  try {
    loadConfig(sources);
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error('the configuration was accepted');
}

describe('layers', () => {
  test('no file at all gives the defaults', () => {
    const { config } = loadConfig({});
    expect(config.select.window).toEqual({ low: 0, high: 0.25 });
    expect(config.run).toEqual({ seed: 1, rounds: 1 });
  });

  test('a base is read first, later files win over earlier, overrides win over files', () => {
    file('base.toml', '[prove]\nsamples = 2\nmaxTokens = 10\n[run]\nseed = 5\n');
    const over = file('over.toml', 'extends = "base.toml"\n[prove]\nsamples = 3\n');
    const last = file('last.toml', '[run]\nrounds = 7\n');
    const { config } = loadConfig({ files: [over, last], overrides: ['run.rounds=9'] });
    expect(config.prove).toMatchObject({ samples: 3, maxTokens: 10 });
    expect(config.run).toMatchObject({ seed: 5, rounds: 9 });
  });

  test('lists are replaced, not merged', () => {
    const { config } = loadConfig({ overrides: ['evaluate.k=[1, 2, 4]', 'evaluate.k=[3]'] });
    expect(config.evaluate.k).toEqual([3]);
  });

  test('an override that is no TOML value is a string', () => {
    const { config } = loadConfig({ overrides: ['policy.uri=onnx:a/b', 'data.path = x/y'] });
    expect([config.policy.uri, config.data.path]).toEqual(['onnx:a/b', 'x/y']);
  });

  test('files that extend each other are refused', () => {
    const a = file('a.toml', 'extends = "b.toml"');
    file('b.toml', 'extends = "a.toml"');
    expect(refusal({ files: [a] }).message).toMatch(/a\.toml: extends itself by way of .*b\.toml/);
  });

  test('what a configuration resolves to loads to the same configuration', () => {
    const count = fc.integer({ min: 1, max: 1000 });
    fc.assert(
      fc.property(
        count,
        count,
        fc.double({ min: 0.3, max: 1, noNaN: true }),
        fc.boolean(),
        (seed, samples, high, yes) => {
          const overrides = [`run.seed=${seed}`, `prove.samples=${samples}`, `screen.hollow=${yes}`];
          const first = loadConfig({ overrides: [...overrides, `select.window.high=${high}`] });
          const again = loadConfig({ files: [file('resolved.toml', first.resolvedToml)] });
          expect(again.config).toEqual(first.config);
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe('refusals', () => {
  test('are usage errors, exit code 2, carrying the first key', () => {
    const error = refusal({ overrides: ['run.rounds=0'] });
    expect([error.keyPath, exitCodeOf(error)]).toEqual(['run.rounds', 2]);
  });

  test('name key, expectation, what was found and the file that said so, for every fault at once', () => {
    const path = file('bad.toml', '[prove]\nsamples = "many"\n[learn]\nobjective = "magic"\n');
    const { message } = refusal({ files: [path], overrides: ['propose.topP=0'] });
    expect(message).toContain(`prove.samples: expected a number, found "many" (${path})`);
    expect(message).toMatch(/learn\.objective: expected one of "raft",.* found "magic" \(.*bad\.toml\)/);
    expect(message).toContain('propose.topP: expected a number above 0, found 0 (--set propose.topP=0)');
  });

  test('an unknown key comes with its full path and the nearest known one', () => {
    const path = file('typo.toml', '[select.window]\nhihg = 0.3\n');
    expect(refusal({ files: [path] }).message).toContain(
      `select.window.hihg: no such key (${path}); did you mean select.window.high?`,
    );
    expect(refusal({ overrides: ['rounds=2'] }).message).toContain('did you mean run.rounds?');
    expect(refusal({ overrides: ['zzzzzz=2'] }).message).toContain('see --help');
  });

  test('a layer from --set that makes a default wrong shows that default', () => {
    expect(refusal({ overrides: ['evaluate.samples=4'] }).message).toContain(
      'evaluate.k.1: expected at most evaluate.samples (4), found 8',
    );
  });

  test('an empty window and a split on both sides name their keys', () => {
    const { message } = refusal({ overrides: ['select.window.low=0.25', 'data.heldoutSplit=train'] });
    expect(message).toContain('select.window.low: expected less than select.window.high (0.25), found 0.25');
    expect(message).toContain(
      'data.heldoutSplit: expected another split than data.trainSplit, found "train"',
    );
  });

  test('a quantile that would drop everything is refused, for it would drop nothing', () => {
    expect(refusal({ overrides: ['select.eleganceQuantile=1'] }).message).toContain(
      'select.eleganceQuantile: expected a number below 1, found 1',
    );
  });

  test('a strategy that compares embeddings is refused a policy that has none', () => {
    const overrides = ['select.strategy=matching', 'policy.uri=portfolio:single'];
    const { message, keyPath } = refusal({ overrides });
    expect(keyPath).toBe('select.strategy');
    expect(message).toContain('window or archive, because portfolio:single embeds nothing, found "matching"');
    expect(() => loadConfig({ overrides: ['select.strategy=archive', overrides[1] ?? ''] })).not.toThrow();
  });

  test('an alarm needs a bound, and bounds that do not exclude each other', () => {
    const alarm = (text: string) => refusal({ overrides: [`watch.alarms=[${text}]`] }).message;
    expect(alarm('{ metric = "samplerEntropy" }')).toContain('watch.alarms.0.max: expected a bound');
    expect(alarm('{ metric = "samplerEntropy", min = 2, max = 1 }')).toContain(
      'watch.alarms.0.min: expected at most watch.alarms.0.max (1), found 2',
    );
    expect(alarm('{ metric = "entropy", max = 1 }')).toContain('watch.alarms.0.metric: expected one of');
  });

  test('a sampler that is not the policy itself is refused where an objective compares the two', () => {
    const overrides = ['prove.temperature=0.8', 'prove.topP=0.9', 'prove.topK=5', 'prove.minP=0.1'];
    const { message } = refusal({ overrides: [...overrides, 'learn.objective=grpo'] });
    expect(message).toContain(
      'prove.temperature: expected 1, because grpo compares the policy with the sampler token by token, found 0.8',
    );
    expect(message).toContain('prove.topP: expected 1');
    expect(message).toContain('prove.topK: expected 0, because grpo');
    expect(message).toContain('prove.minP: expected 0, because grpo');
    const stop = ['prove.stop=["\\n"]', 'learn.objective=grpo'];
    expect(loadConfig({ overrides: stop }).config.prove.stop).toEqual(['\n']);
    expect(loadConfig({ overrides }).config.learn.objective).toBe('oreal-repo');
  });

  test('so it is where a KL penalty pulls towards the sampler, and only while there is a penalty', () => {
    const towards = (...overrides: string[]) => ({ overrides: ['prove.topP=0.9', ...overrides] });
    const paper = 'learn.objective=oreal-paper';
    const because = (objective: string) =>
      `prove.topP: expected 1, because the KL penalty of ${objective} (learn.klCoef) pulls towards the sampler (learn.objectiveSettings.klReference), found 0.9`;
    expect(refusal(towards(paper, 'learn.klCoef=0.1')).message).toContain(because('oreal-paper'));
    const sampler = 'learn.objectiveSettings.klReference=sampler';
    expect(refusal(towards(sampler)).message).toContain(because('oreal-repo')); // its own penalty is 0.01
    for (const allowed of [
      [paper],
      [paper, 'learn.klCoef=0.1', 'learn.objectiveSettings.klReference=initial'],
      [sampler, 'learn.klCoef=0'],
      ['learn.klCoef=0.1'],
    ])
      expect(loadConfig(towards(...allowed)).config.prove.topP).toBe(0.9);
  });

  test("an objective's setting is checked like any other key", () => {
    const { message } = refusal({
      overrides: ['learn.objectiveSettings.etta=1', 'learn.objectiveSettings.dualClip=0.5'],
    });
    expect(message).toContain('learn.objectiveSettings.etta: no such key');
    expect(message).toContain('did you mean learn.objectiveSettings.eta?');
    expect(message).toContain('learn.objectiveSettings.dualClip: expected 0 or a number above 1, found 0.5');
  });

  test("a band of pass rates that is empty, an end that is not set being the objective's own, is refused by key", () => {
    const key = (name: string) => `learn.objectiveSettings.${name}`;
    const both = [`${key('minPassRate')}=0.9`, `${key('maxPassRate')}=0.1`];
    expect(refusal({ overrides: both }).message).toContain(
      `${key('minPassRate')}: expected at most ${key('maxPassRate')} (0.1), found 0.9`,
    );
    expect(refusal({ overrides: ['learn.objective=stp', `${key('minPassRate')}=0.6`] }).message).toContain(
      `${key('minPassRate')}: expected at most ${key('maxPassRate')} (0.5), found 0.6`,
    );
    const { message, keyPath } = refusal({
      overrides: ['learn.objective=prime', `${key('maxPassRate')}=0.1`],
    });
    expect(keyPath).toBe(key('maxPassRate'));
    expect(message).toContain(`expected at least ${key('minPassRate')} (0.2), found 0.1`);
    for (const allowed of [['learn.objective=stp', `${key('maxPassRate')}=1`], [`${key('minPassRate')}=0.6`]])
      expect(() => loadConfig({ overrides: allowed })).not.toThrow();
  });

  test('to relabel conjectures where none is dropped for its lemma is refused by key', () => {
    const overrides = ['select.requireLemma=false', 'select.relabelUnused=true'];
    expect(refusal({ overrides }).message).toContain(
      'select.relabelUnused: expected false while select.requireLemma is false, for then none is dropped for its lemma, found true',
    );
  });

  test('token weights under an objective that has its own are refused by key', () => {
    const overrides = ['learn.objective=prime', 'learn.objectiveSettings.tokenWeights=per-token'];
    expect(refusal({ overrides }).message).toContain(
      'learn.objectiveSettings.tokenWeights: expected "none", because prime weighs tokens itself',
    );
  });

  test('token weights under a policy behind servers, which has no reward model, are refused by key', () => {
    const overrides = ['policy.uri=vllm:http://a:1', 'learn.objectiveSettings.tokenWeights=per-token'];
    expect(refusal({ overrides }).message).toContain(
      'learn.objectiveSettings.tokenWeights: expected "none" under a policy behind servers',
    );
  });

  test.each([
    ['a missing file', { files: ['/nowhere/x.toml'] }, /x\.toml: expected a readable TOML file; ENOENT/],
    ['a table given a number', { overrides: ['prove=3'] }, /prove: expected a table, found 3/],
    ['an override without a value', { overrides: ['prove.samples'] }, /--set: expected a\.b=value/],
    [
      'an override with broken TOML',
      { overrides: ['evaluate.k=[1'] },
      /--set evaluate\.k=\[1: expected TOML/,
    ],
  ])('%s is refused', (_, sources, message) => {
    expect(refusal(sources).message).toMatch(message);
  });

  test('broken TOML is refused with file and line', () => {
    expect(refusal({ files: [file('broken.toml', '[run]\nseed = \n')] }).message).toMatch(
      /broken\.toml: expected TOML; [\s\S]*2:/,
    );
  });
});

test('help shows type, bounds, unit and default of a key on its line', () => {
  const line = describeConfig()
    .split('\n')
    .find((l) => l.startsWith('checker.lean.wallSeconds'));
  expect(line).toContain('(number, above 0, seconds; default 20)');
});

test('edit distance is a metric', () => {
  const word = fc.string({ maxLength: 8 });
  fc.assert(
    fc.property(word, word, word, (a, b, c) => {
      expect(editDistance(a, b)).toBe(editDistance(b, a));
      expect(editDistance(a, b) === 0).toBe(a === b);
      expect(editDistance(a, c)).toBeLessThanOrEqual(editDistance(a, b) + editDistance(b, c));
    }),
  );
});
