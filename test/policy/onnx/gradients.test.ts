import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BundleRow, KlEstimator, Ratio } from '../../../src/policy/bundle.ts';
import type { LlamaConfig } from '../../../src/policy/onnx/config.ts';
import { normalStream } from '../../../src/policy/onnx/rng.ts';
import { lossAndGradients, type TrainerModel } from '../../../src/policy/onnx/trainer.ts';
import { engine, mixedRows, row, strongWeights, tinyConfig, trainerModel } from './tiny.ts';

const variants: [string, LlamaConfig][] = [
  ['grouped attention and a head of its own', tinyConfig()],
  ['plain attention and a tied head', tinyConfig({ keyValueHeads: 4, tiedHead: true })],
  ['Qwen2', tinyConfig({ family: 'qwen2' })],
  ['Qwen3', tinyConfig({ family: 'qwen3', headDim: 6 })],
  ['one key/value head and a wide head dimension', tinyConfig({ keyValueHeads: 1, headDim: 8 })],
];

/** Slope of the loss along `direction` of one parameter: central differences, Richardson-extrapolated. */
async function slope(model: TrainerModel, rows: BundleRow[], data: Float32Array, direction: Float32Array) {
  const saved = data.slice();
  const lossAt = async (distance: number) => {
    data.set(saved.map((x, i) => x + distance * (direction[i] ?? 0)));
    return (await lossAndGradients(model, rows)).loss;
  };
  const central = async (h: number) => ((await lossAt(h)) - (await lossAt(-h))) / (2 * h);
  const slopes = [await central(0.02), await central(0.01)] as const;
  data.set(saved);
  return (4 * slopes[1] - slopes[0]) / 3;
}

const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0);

/** A random direction of length 1. */
function direction(size: number, seed: number): Float32Array {
  const normal = normalStream(seed, 7);
  const values = new Float32Array(size).map(normal);
  const length = Math.sqrt(dot(values, values));
  return values.map((x) => x / length);
}

test.each(variants)(
  'every gradient of the whole loss, KL included, agrees with finite differences: %s',
  async (_, config) => {
    const weights = strongWeights(config, 3, 0.12);
    const model = await trainerModel(config, weights);
    const rows = mixedRows(config, 5, 11);
    const { gradients } = await lossAndGradients(model, rows);
    expect([...gradients.keys()].sort()).toEqual([...weights.keys()].sort());
    let seed = 0;
    for (const [name, { data }] of weights) {
      const gradient = gradients.get(name) ?? new Float32Array(0);
      const size = Math.sqrt(dot(gradient, gradient));
      expect(size, `${name} is learnt`).toBeGreaterThan(0.03);
      for (const along of [gradient.map((x) => x / size), direction(data.length, seed++)]) {
        const measured = await slope(model, rows, data, along);
        expect(Math.abs(measured - dot(gradient, along)), name).toBeLessThan(3e-4 * size + 1e-3);
      }
    }
  },
);

test('gradients are bitwise repeatable, whatever repeats in the tokens', async () => {
  const config = tinyConfig({ vocabSize: 3 });
  const model = await trainerModel(config, strongWeights(config, 3), 4096);
  const rows = mixedRows(config, 100, 5);
  const first = await lossAndGradients(model, rows);
  for (let run = 0; run < 10; run++) expect(await lossAndGradients(model, rows)).toEqual(first);
});

test('micro-batches of any size, of any rows, only round differently', async () => {
  const config = tinyConfig();
  const weights = strongWeights(config, 3);
  const model = await trainerModel(config, weights, 4096);
  const anyStep = fc.record({
    count: fc.integer({ min: 2, max: 24 }),
    seed: fc.integer({ min: 1, max: 1000 }),
    budget: fc.integer({ min: 1, max: 120 }), // tokens; a row has 3 to 14 or so
  });
  const property = fc.asyncProperty(anyStep, async ({ count, seed, budget }) => {
    const rows = mixedRows(config, count, seed);
    const whole = await lossAndGradients(model, rows);
    const split = await lossAndGradients({ ...model, microBatchTokens: budget }, rows);
    expect(split.loss).toBeCloseTo(whole.loss, 3);
    expect(split.tokens).toBe(whole.tokens);
    for (const [name, gradient] of whole.gradients) {
      const other = split.gradients.get(name) ?? new Float32Array(0);
      const largest = gradient.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
      gradient.forEach((x, i) => {
        expect(Math.abs(x - (other[i] ?? Number.NaN)) / largest, name).toBeLessThan(1e-4);
      });
    }
  });
  await fc.assert(property, { numRuns: 20 });
});

test("the loss is bundle.ts's formula on the log-probs that score returns", async () => {
  const config = tinyConfig();
  const weights = strongWeights(config, 3);
  const rows = mixedRows(config, 6, 2);
  const scores = await engine(config, weights).score(rows);
  let expected = 0;
  rows.forEach((r, i) => {
    r.weights.forEach((weight, t) => {
      const lp = scores[i]?.[t] ?? Number.NaN;
      const d = r.klCoef === 0 ? 0 : (r.refLogprobs[t] ?? 0) - lp;
      expected += -weight * lp + r.klCoef * (Math.exp(d) - d - 1);
    });
  });
  const { loss } = await lossAndGradients(await trainerModel(config, weights), rows);
  expect(loss).toBeCloseTo(expected, 3);
});

/** Rows whose sampler stood `distances` (cycled) below the policy's log-probs. */
async function offPolicyRows(
  model: TrainerModel,
  ratio: Ratio,
  distances: readonly number[],
): Promise<BundleRow[]> {
  const rows = mixedRows(model.config, 4, 6);
  const scores = await engine(model.config, model.weights).score(rows);
  return rows.map((r, i) => {
    const samplerLogprobs = r.tokens.map(
      (_, t) => (scores[i]?.[t] ?? 0) - (distances[t % distances.length] ?? 0),
    );
    return { ...r, klCoef: 0, refLogprobs: [], samplerLogprobs, ratio };
  });
}

const norm = (a: Float32Array) => Math.sqrt(dot(a, a));

test.each<[string, Ratio]>([
  ['clipped', { kind: 'ppo-clip', low: 0.2, high: 0.28 }],
  ['dual-clipped', { kind: 'ppo-clip', low: 0.2, high: 0.28, dual: 3 }],
])(
  'the gradient of a %s ratio agrees with finite differences, within the bounds and outside',
  async (_, ratio) => {
    const config = tinyConfig();
    const model = await trainerModel(config, strongWeights(config, 3, 0.12));
    // Ratios 1, 1.2, 4.5, 0.9 and 0.4, all away from the kinks.
    const rows = await offPolicyRows(model, ratio, [0, 0.18, 1.5, -0.1, -0.9]);
    const { gradients } = await lossAndGradients(model, rows);
    for (const [name, { data }] of model.weights) {
      const gradient = gradients.get(name) ?? new Float32Array(0);
      const along = gradient.map((x) => x / norm(gradient));
      const measured = await slope(model, rows, data, along);
      expect(Math.abs(measured - norm(gradient)), name).toBeLessThan(3e-4 * norm(gradient) + 1e-3);
    }
  },
);

test('outside its bounds a clipped token teaches nothing, on the side that its sign has', async () => {
  const config = tinyConfig();
  const model = await trainerModel(config, strongWeights(config, 3, 0.12));
  const ratio = { kind: 'ppo-clip', low: 0.2, high: 0.2 } as const;
  const size = async (weight: number, distance: number) => {
    const rows = await offPolicyRows(model, ratio, [distance]);
    const weighted = rows.map((r) => ({ ...r, weights: r.weights.map(() => weight) }));
    return Math.max(...[...(await lossAndGradients(model, weighted)).gradients.values()].map(norm));
  };
  expect(await size(1, 0.5)).toBe(0);
  expect(await size(-1, -0.5)).toBe(0);
  expect(await size(1, -0.5)).toBeGreaterThan(0.1);
  expect(await size(-1, 0.5)).toBeGreaterThan(0.1);
});

test("TOPR scales a negative's gradient by its completion's clipped ratio, as a constant, and leaves positives", async () => {
  const config = tinyConfig();
  const model = await trainerModel(config, strongWeights(config, 3, 0.12));
  const rows = await offPolicyRows(model, { kind: 'topr', low: 0, high: 1 }, [-0.3, 0.1]);
  const byHand = rows.map((r) => {
    const apart = r.tokens.reduce((total, _, t) => total + (t % 2 === 0 ? -0.3 : 0.1), 0);
    const taper = Math.min(1, Math.exp(apart));
    expect(taper).toBeLessThan(1);
    return { ...r, ratio: 'none' as const, weights: r.weights.map((w) => (w < 0 ? w * taper : w)) };
  });
  const [found, expected] = [await lossAndGradients(model, rows), await lossAndGradients(model, byHand)];
  expect(found.loss).toBeCloseTo(expected.loss, 3);
  for (const [name, gradient] of expected.gradients) {
    const apart = gradient.map((x, i) => x - (found.gradients.get(name)?.[i] ?? Number.NaN));
    expect(norm(apart) / norm(gradient), name).toBeLessThan(1e-4);
  }
});

test('over all tokens at their probabilities, k1 has no gradient, k2 that of KL(π‖ref), k3 that of KL(ref‖π)', async () => {
  const config = tinyConfig({ vocabSize: 6 });
  const weights = strongWeights(config, 3, 0.2);
  const model = await trainerModel(config, weights);
  const choices = Array.from({ length: 6 }, (_, token) => ({ promptTokens: [1, 2], tokens: [token] }));
  const logprobs = (await engine(config, weights).score(choices)).map((score) => score[0] ?? Number.NaN);
  const reference = [-1, -2, -1.5, -3, -2, -2.2].map(
    (x, _, all) => x - Math.log(all.reduce((s, y) => s + Math.exp(y), 0)),
  );
  const expectation = async (klEstimator: KlEstimator) => {
    const rows = choices.map((choice, i) => ({
      ...row(choice.promptTokens, choice.tokens, 0),
      klCoef: Math.exp(logprobs[i] ?? 0),
      refLogprobs: [reference[i] ?? 0],
      klEstimator,
    }));
    return (await lossAndGradients(model, rows)).gradients;
  };
  /** Σ_y c_y ∇log π_y, by plain weights. */
  const weighted = async (coefficient: (i: number) => number) =>
    (
      await lossAndGradients(
        model,
        choices.map((c, i) => row(c.promptTokens, c.tokens, -coefficient(i))),
      )
    ).gradients;
  const p = (i: number) => Math.exp(logprobs[i] ?? 0);
  const same = (a: ReadonlyMap<string, Float32Array>, b: ReadonlyMap<string, Float32Array>) => {
    for (const [name, gradient] of b) {
      const apart = norm(gradient.map((x, i) => x - (a.get(name)?.[i] ?? Number.NaN)));
      expect(apart, name).toBeLessThan(1e-5 + 1e-4 * norm(gradient));
    }
  };
  for (const gradient of (await expectation('k1')).values()) expect(norm(gradient)).toBeLessThan(1e-5);
  same(await expectation('k2'), await weighted((i) => p(i) * ((logprobs[i] ?? 0) - (reference[i] ?? 0))));
  // ∇KL(ref‖π) = −Σ ref ∇log π
  same(await expectation('k3'), await weighted((i) => -Math.exp(reference[i] ?? 0)));
});

test('a ratio that is not defined is refused by its row', async () => {
  const model = await trainerModel(tinyConfig(), strongWeights(tinyConfig(), 3));
  const refusal = (changes: Partial<BundleRow>) =>
    lossAndGradients(model, [{ ...row([1], [2], 1, changes), id: 'bad' }]);
  const clip = { kind: 'ppo-clip', low: 0.2, high: 0.2 } as const;
  await expect(refusal({ ratio: clip })).rejects.toThrow(
    "row bad: with ratio ppo-clip each of 1 tokens needs its sampler's log-prob, found 0",
  );
  const samplerLogprobs = [-1];
  await expect(refusal({ samplerLogprobs, ratio: { ...clip, dual: 0.5 } })).rejects.toThrow('1 < dual');
  await expect(refusal({ samplerLogprobs, ratio: { kind: 'topr', low: 2, high: 1 } })).rejects.toThrow(
    'row bad: ratio topr asks for 0 ≤ low ≤ high, both finite; found',
  );
});
