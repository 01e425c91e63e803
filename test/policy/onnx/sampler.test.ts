import { expect, test } from 'vitest';
import type { EngineOptions, EngineSurroundings } from '../../../src/policy/onnx/engine.ts';
import type { TokenCompletion, TokenRequest } from '../../../src/policy/onnx/sampler.ts';
import { argmax } from '../../../src/policy/onnx/sampling.ts';
import { collect, engine, optimizer, row, sampler, strongWeights, tinyConfig } from './tiny.ts';

/** No end token, so that completions are as long as they may be. */
const config = tinyConfig({ endTokens: [], contextLength: 80 });
const weights = strongWeights(config, 4, 0.2);
const model = (options: Partial<EngineOptions & EngineSurroundings> = {}) => engine(config, weights, options);

const requests = (count: number, n: number): TokenRequest[] =>
  Array.from({ length: count }, (_, i) => ({
    id: `r${i}`,
    promptTokens: Array.from({ length: 1 + ((i * 5) % 7) }, (_, j) => (3 * i + j) % config.vocabSize),
    n,
    seed: 100 + i,
  }));

const key = ({ request, index }: TokenCompletion) => `${request.id}/${index}`;
const byKey = (all: TokenCompletion[]) => all.sort((a, b) => key(a).localeCompare(key(b)));

test('every completion asked for comes once, whatever the batch size', async () => {
  const all = await collect(model({ batchSize: 3 }).sample(requests(5, 4), sampler({ maxTokens: 3 })));
  expect(new Set(all.map(key)).size).toBe(20);
  expect(all).toHaveLength(20);
  expect(all.every(({ tokens, logprobs }) => tokens.length === 3 && logprobs.length === 3)).toBe(true);
});

test.each([
  ['plain', {}],
  ['tempered and filtered', { temperature: 0.7, topP: 0.9, topK: 9, minP: 0.02 }],
  ['greedy', { temperature: 0 }],
])('policy log-probs of the sampler equal those of score, however it samples: %s', async (_, changes) => {
  const on = model();
  // Past 64 cached tokens: the cache has grown twice.
  const all = await collect(on.sample(requests(5, 3), sampler({ maxTokens: 70, ...changes })));
  const scores = await on.score(
    all.map(({ request, tokens }) => ({ promptTokens: request.promptTokens, tokens })),
  );
  all.forEach(({ policyLogprobs, logprobs }, i) => {
    policyLogprobs.forEach((logprob, t) => {
      expect(Math.abs(logprob - (scores[i]?.[t] ?? Number.NaN))).toBeLessThan(1e-4);
      // Filters only make what is left likelier.
      if (!('temperature' in changes)) expect(logprobs[t]).toBeCloseTo(logprob, 9);
    });
  });
});

test('greedy decoding with the cache equals the most likely continuation computed whole', async () => {
  const on = model();
  for (const completion of await collect(
    on.sample(requests(4, 1), sampler({ temperature: 0, maxTokens: 20 })),
  )) {
    const { request, tokens } = completion;
    for (let t = 0; t < tokens.length; t++) {
      const promptTokens = [...request.promptTokens, ...tokens.slice(0, t)];
      const candidates = Array.from({ length: config.vocabSize }, (_, token) => ({
        promptTokens,
        tokens: [token],
      }));
      const scores = await on.score(candidates);
      expect(argmax(Float32Array.from(scores, (score) => score[0] ?? Number.NaN))).toBe(tokens[t]);
    }
  }
});

test('a completion depends on its seed and index, not on its company', async () => {
  const together = byKey(
    await collect(model({ batchSize: 8 }).sample(requests(4, 4), sampler({ maxTokens: 30 }))),
  );
  const [alone] = requests(4, 4).slice(2);
  if (alone === undefined) throw new Error('no third request');
  const apart = byKey(await collect(model({ batchSize: 2 }).sample([alone], sampler({ maxTokens: 30 }))));
  const same = together.filter(({ request }) => request.id === alone.id);
  expect(apart.map(({ tokens }) => tokens)).toEqual(same.map(({ tokens }) => tokens));
  expect(new Set(apart.map(({ tokens }) => tokens.join())).size).toBe(4);
  const other = await collect(model().sample([{ ...alone, seed: 5 }], sampler({ maxTokens: 30 })));
  expect(other.map(({ tokens }) => tokens)).not.toEqual(apart.map(({ tokens }) => tokens));
});

test('the same requests give the very same tokens and log-probs again', async () => {
  const run = () =>
    collect(model({ batchSize: 3 }).sample(requests(5, 2), sampler({ topP: 0.8, maxTokens: 15 })));
  expect(await run()).toEqual(await run());
});

test('a model too large for constants in its graph samples the same, its weights as inputs', async () => {
  const settings = sampler({ maxTokens: 12 });
  const tokens = async (on: ReturnType<typeof model>) =>
    byKey(await collect(on.sample(requests(3, 2), settings))).map((completion) => completion.tokens);
  expect(await tokens(model({ constantBytes: 0 }))).toEqual(await tokens(model()));
});

test('an end token stops its row and stays in the tokens; other rows go on', async () => {
  const on = model({ endTokens: [3, 5] });
  const all = await collect(on.sample(requests(6, 5), sampler({ maxTokens: 40 })));
  const stopped = all.filter(({ finish }) => finish === 'end');
  expect(stopped.length).toBeGreaterThan(10);
  for (const { tokens, finish } of all) {
    expect(tokens.findIndex((token) => token === 3 || token === 5)).toBe(
      finish === 'end' ? tokens.length - 1 : -1,
    );
    if (finish === 'length') expect(tokens).toHaveLength(40);
  }
});

test('the context ends a completion as length, and a prompt that fills it is refused', async () => {
  const long = { id: 'long', promptTokens: new Array(78).fill(1), n: 1, seed: 1 };
  const [only] = await collect(model().sample([long], sampler()));
  expect(only?.finish).toBe('length');
  expect(only?.tokens).toHaveLength(2);
  const full = { ...long, promptTokens: new Array(80).fill(1) };
  await expect(collect(model().sample([full], sampler()))).rejects.toThrow(
    "request long: a prompt of 80 tokens leaves no room in the model's context of 80",
  );
  await expect(collect(model().sample([{ ...long, promptTokens: [] }], sampler()))).rejects.toThrow(
    'the prompt is empty',
  );
});

test('temperature and filters shape what is drawn: top-k 1 is greedy with certainty', async () => {
  const on = model();
  const narrow = await collect(on.sample(requests(3, 1), sampler({ topK: 1 })));
  const greedy = await collect(on.sample(requests(3, 1), sampler({ temperature: 0 })));
  expect(narrow.map(({ tokens }) => tokens)).toEqual(greedy.map(({ tokens }) => tokens));
  expect(narrow.every(({ logprobs }) => logprobs.every((logprob) => Math.abs(logprob) < 1e-12))).toBe(true);
});

test('sampling after a step uses the new weights', async () => {
  const on = engine(config, strongWeights(config, 4, 0.1));
  const handle = await on.openTrainer(optimizer(), 100, false);
  const wanted = [7, 8, 9, 10];
  for (let step = 0; step < 100; step++) await on.step(handle, [row([1], wanted, 0.25)]);
  const request = { id: 'r', promptTokens: [1], n: 1, seed: 1 };
  const [learnt] = await collect(on.sample([request], sampler({ temperature: 0, maxTokens: 4 })));
  expect(learnt?.tokens).toEqual(wanted);
});

test('embeddings are unit vectors, and those of different sequences differ', async () => {
  const [a, b, again] = await model().embed([
    [1, 2, 3],
    [4, 5],
    [1, 2, 3],
  ]);
  const dot = (x: Float32Array | undefined, y: Float32Array | undefined) =>
    x?.reduce((sum, value, i) => sum + value * (y?.[i] ?? Number.NaN), 0) ?? Number.NaN;
  expect(dot(a, a)).toBeCloseTo(1, 5);
  expect(dot(a, again)).toBeCloseTo(1, 5);
  expect(dot(a, b)).toBeLessThan(0.99);
  const [cut, whole] = await model().embed([new Array(100).fill(2), new Array(80).fill(2)]);
  expect(dot(cut, whole)).toBeCloseTo(1, 5);
});

test('a completion ends with the token that completes a stop string, and no stop string went by before', async () => {
  // Tokens are letters: the string "ab" spans two of them, "c" is one.
  const decode = (tokens: readonly number[]) =>
    tokens.map((token) => String.fromCharCode(97 + token)).join('');
  const on = model({ decode });
  const stop = ['ab', 'c', 'xyzw'];
  const all = await collect(on.sample(requests(6, 6), sampler({ stop, maxTokens: 60 })));
  const stopped = all.filter(({ finish }) => finish === 'string');
  expect(stopped.length).toBeGreaterThan(10);
  for (const { tokens, logprobs, policyLogprobs, finish } of all) {
    const places = stop.map((text) => decode(tokens).indexOf(text)).filter((at) => at >= 0);
    expect(places.length > 0).toBe(finish === 'string');
    if (finish === 'string')
      expect(
        ['ab', 'c', 'xyzw'].some(
          (text) =>
            decode(tokens).endsWith(text) && decode(tokens).indexOf(text) === tokens.length - text.length,
        ),
      ).toBe(true);
    expect([logprobs.length, policyLogprobs.length]).toEqual([tokens.length, tokens.length]);
  }
  const bare = collect(model().sample(requests(1, 1), sampler({ stop: ['x'] })));
  await expect(bare).rejects.toThrow('stop strings need a tokenizer');
});

test('a small budget samples fewer rows at once and the same completions; one too small is refused', async () => {
  const settings = sampler({ maxTokens: 20 });
  const wide = model({ batchSize: 8 });
  const { totalBytes } = wide.plan(requests(2, 8), settings);
  const narrow = model({ batchSize: 8, memoryBytes: totalBytes - 1 });
  expect(narrow.plan(requests(2, 8), settings).rows).toBeLessThan(8);
  const tokens = async (on: ReturnType<typeof model>) =>
    byKey(await collect(on.sample(requests(2, 8), settings))).map((completion) => completion.tokens);
  expect(await tokens(narrow)).toEqual(await tokens(wide));
  await expect(tokens(model({ memoryBytes: 1000 }))).rejects.toThrow(
    /sampling one row of 6 prompt and 20 new tokens needs 1 MiB .* the budget is 1 MiB; shorten them or raise/,
  );
});
