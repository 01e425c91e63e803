/** New weights on their way to the server, and the version of what it samples: with a learner that only names weights. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freezeBundle } from '../../../src/policy/bundle.ts';
import { UpdateRefusedError } from '../../../src/policy/onnx/index.ts';
import { MARKER } from '../../../src/policy/served/checkpoint-version.ts';
import { chooseDelivery } from '../../../src/policy/served/delivery.ts';
import type { Learner, Witness } from '../../../src/policy/served/learner.ts';
import { checkpointDir, collect, optimizer, row, sampler, temporaryDir } from '../onnx/tiny.ts';
import { type Double, double, isSample, type Misbehave, send, VLLM_ROUTES } from './double.ts';
import { open } from './opened.ts';

const ADAPTERS = ['/v1/load_lora_adapter', '/v1/unload_lora_adapter'];
const RELOAD = ['/collective_rpc', '/weight_info'];
const SGLANG = [
  '/load_lora_adapter',
  '/unload_lora_adapter',
  '/update_weights_from_disk',
  '/release_memory_occupation',
];
const bundle = freezeBundle({ objective: 'test', optimizer: optimizer(), steps: [[row([1, 2], [3, 4], 1)]] });
const request = { id: 'r', prompt: '<prove>a<by>', n: 1, seed: 3 };

/** Weights that differ in nothing but their directory's name: the double's model is a function of that. */
async function namedLearner(server: Double, adapter: boolean, changes: Partial<Learner> = {}) {
  const base = await checkpointDir();
  const root = await temporaryDir();
  let round = 0;
  const learner: Learner = {
    adapter,
    base,
    async learn(_, from) {
      round++;
      const version = `${round}`.repeat(12);
      const dir = join(root, version);
      await mkdir(dir);
      await writeFile(join(dir, MARKER), JSON.stringify({ version }));
      const told = (at: string) => [server.logprob(at, [1, 2, 3]), server.logprob(at, [1, 2, 3, 4])];
      const before = told(from === base ? server.options.root : from);
      const witnesses: Witness[] = [{ promptTokens: [1, 2], tokens: [3, 4], before, after: told(dir) }];
      const report = { version, steps: 1, tokens: 4, seconds: 1, firstLoss: 1, lastLoss: 1, maxGradNorm: 1 };
      return { dir, report, witnesses };
    },
    score: async () => [Float32Array.of(-7)],
    close: async () => {},
    ...changes,
  };
  return { learner, base, dirOf: (version: string) => join(root, version) };
}

const sampleOne = async (policy: Awaited<ReturnType<typeof open>>) =>
  (await collect(policy.sample([request], sampler({ maxTokens: 3 }))))[0];

test.each([
  ['vllm', ADAPTERS, '/v1/load_lora_adapter', '/v1/unload_lora_adapter'],
  ['sglang', SGLANG, '/load_lora_adapter', '/unload_lora_adapter'],
] as const)(
  '%s: each update is an adapter under a fresh name on every replica, and the old one is dropped',
  async (engine, routes, load, unload) => {
    const [a, b] = [await double({ engine, routes }), await double({ engine, routes })];
    const { learner, base, dirOf } = await namedLearner(a.server, true);
    const policy = await open(`http://${a.host},http://${b.host}`, { engine, model: base, learner });
    expect((await sampleOne(policy))?.policyVersion).toBe(policy.version);
    for (const version of ['1'.repeat(12), '2'.repeat(12)]) {
      await policy.learn(bundle);
      expect(policy.version).toBe(version);
      const completion = await sampleOne(policy);
      expect(completion?.policyVersion).toBe(version);
      const { promptTokens = [], tokens = [], logprobs } = completion ?? {};
      expect(logprobs?.[0]).toBe(a.server.logprob(dirOf(version), [...promptTokens, ...tokens.slice(0, 1)]));
      for (const { server } of [a, b])
        expect([...server.adapters]).toEqual([[`lakatos-${version}`, dirOf(version)]]);
    }
    expect(a.server.at(load)).toHaveLength(2);
    expect(b.server.at(unload)).toHaveLength(1);
  },
);

test('the base is scored beside adapters by the same server', async () => {
  const { server, host } = await double({ routes: ADAPTERS });
  const { learner, base } = await namedLearner(server, true);
  const policy = await open(`http://${host}`, { model: base, learner });
  const initial = policy.version;
  await policy.learn(bundle);
  const reference = await policy.beside(`vllm:http://${host}`);
  expect(reference.version).toBe(initial);
  const [scores] = await reference.score([{ promptTokens: [5], tokens: [6] }]);
  expect(scores?.[0]).toBe(Math.fround(server.logprob('/models/base', [5, 6])));
  await reference.close();
  await expect(reference.embed(['a'])).rejects.toThrow('opened for its scores alone; it cannot embed');
});

test.each([
  ['adapters', true, ADAPTERS],
  ['whole weights', false, RELOAD],
] as const)(
  '%s: a refresh trains the first weights anew, and the result is what is served',
  async (_, adapter, routes) => {
    const { server, host } = await double({ routes });
    const from: string[] = [];
    const named = await namedLearner(server, adapter);
    const learner: Learner = {
      ...named.learner,
      learn: (b, dir, parent, onProgress) => {
        from.push(`${dir} ${parent}`);
        return named.learner.learn(b, dir, parent, onProgress);
      },
    };
    const policy = await open(`http://${host}`, { model: named.base, learner });
    const first = `${named.base} ${policy.version}`;
    await policy.learn(bundle);
    const initial = await policy.beside(`vllm:http://${host}`);
    const { version } = await initial.learn(bundle);
    expect(from).toEqual([first, first]);
    const dir = join(await temporaryDir(), 'policies', version);
    await initial.save(dir);
    expect((await sampleOne(policy))?.policyVersion).toBe(version);
    await policy.close();
    const again = await open(`http://${host}`, { model: named.base, learner, weights: dir });
    expect((await sampleOne(again))?.policyVersion).toBe(version);
  },
);

test.each([
  ['vllm', VLLM_ROUTES.filter((r) => !r.includes('lora'))],
  ['sglang', SGLANG],
] as const)(
  '%s: whole weights go by the reload path, and the server must name them',
  async (engine, routes) => {
    const { server, host } = await double({ engine, routes });
    const { learner, base, dirOf } = await namedLearner(server, false);
    const policy = await open(`http://${host}`, { engine, model: base, learner });
    await policy.learn(bundle);
    expect([server.weights, server.weightVersion]).toEqual([dirOf('1'.repeat(12)), '1'.repeat(12)]);
    expect((await sampleOne(policy))?.policyVersion).toBe('1'.repeat(12));
    server.weightVersion = 'other';
    await expect(sampleOne(policy)).rejects.toThrow(
      /expected (weights|samples of version) 111111111111, the server .*other/,
    );
  },
);

test('once whole weights were replaced, the first policy is scored by the trainer', async () => {
  const { server, host } = await double({ routes: RELOAD });
  const { learner, base } = await namedLearner(server, false);
  const policy = await open(`http://${host}`, { model: base, learner });
  await policy.learn(bundle);
  const reference = await policy.beside(`vllm:http://${host}`);
  expect(await reference.score([{ promptTokens: [5], tokens: [6] }])).toEqual([Float32Array.of(-7)]);
});

test('a server that says yes and keeps its old weights is found out', async () => {
  const keepOld: Misbehave = ({ path }, response) => {
    if (path !== '/collective_rpc') return false;
    send(response, 200, { results: [null] });
    return true;
  };
  const { server, host } = await double({ routes: RELOAD, misbehave: keepOld });
  const { learner, base } = await namedLearner(server, false);
  const policy = await open(`http://${host}`, { model: base, learner });
  await expect(policy.learn(bundle)).rejects.toThrow(
    /does not have the weights of version 111111111111: over 2 tokens its log-probs are/,
  );
});

test("a reload that fails is told in the server's words", async () => {
  const fail: Misbehave = ({ path }, response) => {
    if (path !== '/collective_rpc') return false;
    send(response, 500, { error: { message: 'shape mismatch in lm_head.weight' } });
    return true;
  };
  const { server, host } = await double({ routes: RELOAD, misbehave: fail });
  const { learner, base } = await namedLearner(server, false);
  const policy = await open(`http://${host}`, { model: base, learner });
  await expect(policy.learn(bundle)).rejects.toThrow('answered 500: shape mismatch in lm_head.weight');
});

test('with one GPU the server sleeps while the trainer works, and wakes with the new weights', async () => {
  const { server, host } = await double({ routes: VLLM_ROUTES });
  const asleep: boolean[] = [];
  const { learner, base, dirOf } = await namedLearner(server, false);
  const watched: Learner = {
    ...learner,
    learn: (...args) => {
      asleep.push(server.sleeping);
      return learner.learn(...args);
    },
  };
  const policy = await open(`http://${host}`, {
    model: base,
    learner: watched,
    server: { whileLearning: 'sleep' },
  });
  await policy.learn(bundle);
  expect(asleep).toEqual([true]);
  expect([server.sleeping, server.weights]).toEqual([false, dirOf('1'.repeat(12))]);
  expect(server.asked.some(({ path }) => path === '/sleep?level=2')).toBe(true);
});

test('an update that is refused leaves the old weights served, asleep or not', async () => {
  const { server, host } = await double({ routes: VLLM_ROUTES });
  const refusing = { learn: () => Promise.reject(new UpdateRefusedError('loss NaN')) };
  const { learner, base } = await namedLearner(server, false, refusing);
  const policy = await open(`http://${host}`, { model: base, learner, server: { whileLearning: 'sleep' } });
  const before = policy.version;
  await expect(policy.learn(bundle)).rejects.toThrow(UpdateRefusedError);
  expect(policy.version).toBe(before);
  // Level 2 forgot the weights: the old ones were read anew.
  expect([server.sleeping, server.weights]).toEqual([false, base]);
  expect((await sampleOne(policy))?.policyVersion).toBe(before);
});

test('an interrupted run is served the weights it had come to', async () => {
  const { server, host } = await double({ routes: ADAPTERS });
  const { learner, base, dirOf } = await namedLearner(server, true);
  await learner.learn(bundle, base, '', () => {});
  const policy = await open(`http://${host}`, { model: base, learner, weights: dirOf('1'.repeat(12)) });
  expect(policy.version).toBe('1'.repeat(12));
  expect((await sampleOne(policy))?.policyVersion).toBe('1'.repeat(12));
  expect(server.asked.filter(isSample).at(-1)?.body.model).toBe('lakatos-111111111111');
});

test('a server that an earlier run left with other weights is given the first ones again', async () => {
  const { server, host } = await double({ routes: RELOAD });
  server.weights = '/elsewhere';
  server.weightVersion = 'abcdefabcdef';
  const { learner, base } = await namedLearner(server, false);
  const policy = await open(`http://${host}`, { model: base, learner });
  expect([server.weights, server.weightVersion]).toEqual([base, policy.version]);
});

test('a server that cannot name its weights is given the first ones in any case', async () => {
  const { server, host } = await double({ routes: ['/collective_rpc'] });
  server.weights = '/elsewhere';
  const { learner, base } = await namedLearner(server, false);
  await open(`http://${host}`, { model: base, learner });
  expect(server.weights).toBe(base);
});

test('a server that an earlier run left with other weights is refused where they cannot be changed', async () => {
  const { server, host } = await double({ routes: ['/weight_info'] });
  server.weightVersion = 'abcdefabcdef';
  await expect(open(`http://${host}`)).rejects.toThrow(
    /an earlier run left it with version abcdefabcdef; .* is version [0-9a-f]{12}\. Restart it/,
  );
  server.weightVersion = 'v7'; // whoever started it named it so
  await open(`http://${host}`);
});

test('a server that says it serves another directory than policy.trainer.model is told of', async () => {
  const [model, said] = [await checkpointDir(), [] as string[]];
  const say = (message: string) => said.push(message);
  const [same, other] = [await double({ root: model }), await double()];
  await open(`http://${same.host}`, { model, say });
  expect(said).toEqual([]);
  await open(`http://${other.host}`, { model, say });
  expect(said[0]).toContain(`the server says it serves /models/base, policy.trainer.model is ${model}`);
});

test('weights that were saved are recognised when they are served again', async () => {
  const keepOld: Misbehave = ({ path }, response) => {
    if (path !== '/collective_rpc') return false;
    send(response, 200, { results: [null] });
    return true;
  };
  const [good, bad] = [
    await double({ routes: RELOAD }),
    await double({ routes: RELOAD, misbehave: keepOld }),
  ];
  const { learner, base, dirOf } = await namedLearner(good.server, false);
  const { witnesses } = await learner.learn(bundle, base, '', () => {});
  const weights = dirOf('1'.repeat(12));
  await writeFile(join(weights, MARKER), JSON.stringify({ version: '1'.repeat(12), witnesses }));
  await open(`http://${good.host}`, { model: base, learner, weights });
  await expect(open(`http://${bad.host}`, { model: base, learner, weights })).rejects.toThrow(
    'does not have the weights of version 111111111111',
  );
});

test('an update too small for a server to show is told of', async () => {
  const { server, host } = await double({ routes: ADAPTERS });
  const { learner, base } = await namedLearner(server, true);
  const said: string[] = [];
  const small: Learner = {
    ...learner,
    async learn(...args) {
      const trained = await learner.learn(...args);
      return { ...trained, witnesses: trained.witnesses.map((w) => ({ ...w, before: w.after })) };
    },
  };
  const policy = await open(`http://${host}`, {
    model: base,
    learner: small,
    say: (message) => said.push(message),
  });
  await policy.learn(bundle);
  expect(said.at(-1)).toContain('version 111111111111: its log-probs are too near to those before');
});

test('saved weights are what is served now', async () => {
  const { server, host } = await double({ routes: ADAPTERS });
  const { learner, base } = await namedLearner(server, true);
  const policy = await open(`http://${host}`, { model: base, learner });
  await policy.learn(bundle);
  const dir = join(await temporaryDir(), 'policies', policy.version);
  await policy.save(dir);
  const again = await open(`http://${host}`, { model: base, learner, weights: dir });
  expect(again.version).toBe('1'.repeat(12));
});

const offers = {
  version: '',
  adapters: true,
  reload: true,
  sleep: false,
  weightVersion: false,
  embeddings: false,
};
test.each([
  [true, true, true, false, 'adapter'],
  [false, true, true, true, 'reload'],
  [false, true, false, true, 'restart'],
] as const)(
  'adapter trained %s, adapters %s, reload %s, ours %s: %s',
  (adapter, adapters, reload, supervised, delivery) => {
    const facts = { wanted: 'auto' as const, offers: { ...offers, adapters, reload }, adapter, supervised };
    expect(chooseDelivery(facts)).toBe(delivery);
  },
);

test('where no way is open, each is named with what bars it', async () => {
  const { server, host } = await double();
  const { learner, base } = await namedLearner(server, false);
  const opening = open(`http://${host}`, { model: base, learner });
  await expect(opening).rejects.toThrow(
    /adapter: whole weights are trained .*reload: the server has no reload path .*restart: Lakatos did not start the server/,
  );
  await expect(opening).rejects.toMatchObject({ keyPath: 'policy.server.update' });
});

test('sleep and stop are refused at the start where they cannot be', async () => {
  const { server, host } = await double({ routes: RELOAD });
  const { learner, base } = await namedLearner(server, false);
  for (const whileLearning of ['sleep', 'stop'] as const)
    await expect(
      open(`http://${host}`, { model: base, learner, server: { whileLearning } }),
    ).rejects.toMatchObject({
      keyPath: 'policy.server.whileLearning',
    });
});

test('replicas that are not alike are refused', async () => {
  const [a, b] = [await double(), await double({ routes: RELOAD })];
  await expect(open(`http://${a.host},http://${b.host}`)).rejects.toThrow('the replicas are not alike');
});
