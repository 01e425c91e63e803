import { cp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { type BundleRow, freezeBundle } from '../../../src/policy/bundle.ts';
import {
  type OnnxPolicy,
  openOnnxPolicy,
  RequestError,
  UpdateRefusedError,
} from '../../../src/policy/onnx/index.ts';
import type { LearnProgress } from '../../../src/policy/policy.ts';
import {
  CHECKPOINT_CONFIG,
  checkpointDir,
  collect,
  optimizer,
  policyAt,
  row,
  sampler,
  temporaryDir,
} from './tiny.ts';

const request = (prompt: string, n = 2) => ({ id: prompt, prompt, n, seed: 3 });
const bundle = (steps: readonly (readonly BundleRow[])[]) =>
  freezeBundle({ objective: 'test', optimizer: optimizer(), steps });
const rowsFor = (policy: OnnxPolicy, text: string, weight: number) => {
  const tokens = [...policy.tokenizer.encode(text), 1];
  return [row(policy.tokenizer.encode('<prove>a<by>'), tokens, weight / tokens.length)];
};

test('a checkpoint opens, samples text, and says under which version', async () => {
  const policy = await policyAt(await checkpointDir());
  const all = await collect(
    policy.sample([request('<prove>n + m<by>', 3), request('<prove>x<by>')], sampler()),
  );
  expect(all.map(({ id, index }) => `${id}${index}`).sort()).toEqual(
    ['<prove>n + m<by>0', '<prove>n + m<by>1', '<prove>n + m<by>2', '<prove>x<by>0', '<prove>x<by>1'].sort(),
  );
  for (const completion of all) {
    expect(completion.policyVersion).toBe(policy.version);
    expect(completion.promptTokens).toEqual(policy.tokenizer.encode(completion.id));
    const visible = completion.finish === 'stop' ? completion.tokens.slice(0, -1) : completion.tokens;
    expect(completion.text).toBe(policy.tokenizer.decode(visible));
  }
});

test('learning a text makes greedy sampling write it, end token included, under a new version', async () => {
  const policy = await policyAt(await checkpointDir());
  const before = policy.version;
  const progress: LearnProgress[] = [];
  const steps = Array.from({ length: 60 }, () => rowsFor(policy, ' by simp', 1));
  const report = await policy.learn(bundle(steps), (p) => progress.push(p));
  expect(report.version).toBe(policy.version);
  expect(policy.version).not.toBe(before);
  expect(report.lastLoss).toBeLessThan(report.firstLoss / 20);
  expect(report.tokens).toBe(progress.reduce((sum, { tokens }) => sum + tokens, 0));
  expect(report.maxGradNorm).toBe(Math.max(...progress.map(({ gradNorm }) => gradNorm)));
  expect(progress.map(({ step, steps: of }) => `${step}/${of}`).at(-1)).toBe('60/60');
  const [completion] = await collect(
    policy.sample([request('<prove>a<by>', 1)], sampler({ temperature: 0 })),
  );
  expect(completion).toMatchObject({ text: ' by simp', finish: 'stop', policyVersion: policy.version });
  expect(completion?.tokens.at(-1)).toBe(1);
});

test('a stop string ends the completion: its text stops before it, its tokens with the one that completed it', async () => {
  const policy = await policyAt(await checkpointDir());
  const steps = Array.from({ length: 60 }, () => rowsFor(policy, ' by simp; omega', 1));
  await policy.learn(bundle(steps));
  const ask = async (stop: readonly string[]) => {
    const all = await collect(
      policy.sample([request('<prove>a<by>', 1)], sampler({ temperature: 0, maxTokens: 30, stop })),
    );
    return all[0];
  };
  const whole = await ask([]);
  const cut = await ask(['mp; o', 'never']);
  expect(cut).toMatchObject({ text: ' by si', finish: 'stop' });
  const kept = policy.tokenizer.decode(cut?.tokens ?? []);
  expect(kept).toContain('mp; o');
  expect(policy.tokenizer.decode(cut?.tokens.slice(0, -1) ?? [])).not.toContain('mp; o');
  expect(whole?.tokens.slice(0, cut?.tokens.length)).toEqual(cut?.tokens);
  expect(cut?.policyLogprobs).toHaveLength(cut?.tokens.length ?? 0);
});

test('an update whose loss is infinite half-way is refused and all its steps are undone', async () => {
  const policy = await policyAt(await checkpointDir());
  const before = policy.version;
  const steps = [
    rowsFor(policy, ' by simp', 1),
    rowsFor(policy, ' by simp', 1),
    rowsFor(policy, ' by omega', 1e40), // finite in the bundle, too large for float32
  ];
  const seen: number[] = [];
  await expect(policy.learn(bundle(steps), ({ step }) => seen.push(step))).rejects.toThrow(
    UpdateRefusedError,
  );
  expect(seen).toEqual([1, 2]);
  expect(policy.version).toBe(before);
  const [completion] = await collect(policy.sample([request('<prove>a<by>', 1)], sampler()));
  expect(completion?.policyVersion).toBe(before);
});

test('an empty bundle is no update; one changed after freezing is refused', async () => {
  const policy = await policyAt(await checkpointDir());
  const before = policy.version;
  expect(await policy.learn(bundle([]))).toMatchObject({ version: before, steps: 0, tokens: 0 });
  const tampered = { ...bundle([rowsFor(policy, 'x', 1)]), steps: [rowsFor(policy, 'y', 1)] };
  await expect(policy.learn(tampered)).rejects.toThrow(/says its hash is [0-9a-f]{64}, its content has/);
  expect(policy.version).toBe(before);
});

test('a bundle that names another policy is refused, one that names this one learned', async () => {
  const policy = await policyAt(await checkpointDir());
  const before = policy.version;
  const naming = (version: string) => freezeBundle({ ...bundle([rowsFor(policy, 'x', 1)]), policy: version });
  await expect(policy.learn(naming('0123456789ab'))).rejects.toThrow(
    `The bundle (test) updates policy 0123456789ab, and this is policy ${before}: open that one, or rebuild the bundle.`,
  );
  expect(policy.version).toBe(before);
  expect((await policy.learn(naming(before))).version).not.toBe(before);
});

test('a saved policy opens again as the same version, with everything that stood beside the weights', async () => {
  const from = await checkpointDir();
  const policy = await policyAt(from);
  await policy.learn(bundle([rowsFor(policy, ' by simp', 1)]));
  const dir = join(await temporaryDir(), 'deep', 'saved');
  await policy.save(dir);
  await policy.save(dir);
  expect((await readdir(dir)).sort()).toEqual((await readdir(from)).sort());
  expect((await policyAt(dir)).version).toBe(policy.version);
});

test('a policy outlives the directory it was opened from: it samples up to a stop string, learns and is saved', async () => {
  const from = await temporaryDir();
  await cp(await checkpointDir(), from, { recursive: true });
  const policy = await policyAt(from);
  await rm(from, { recursive: true });
  const settings = { ...sampler({ maxTokens: 4 }), stop: ['by'] };
  expect(await collect(policy.sample([{ id: 'r', prompt: 'a', n: 2, seed: 1 }], settings))).toHaveLength(2);
  await policy.learn(bundle([rowsFor(policy, ' by simp', 1)]));
  const dir = join(await temporaryDir(), 'saved');
  await policy.save(dir);
  expect((await policyAt(dir)).version).toBe(policy.version);
});

test('saving in half precision halves the file and keeps the model nearly the same', async () => {
  const policy = await policyAt(await checkpointDir());
  const dir = join(await temporaryDir(), 'half');
  await policy.save(dir, { dtype: 'F16' });
  const size = async (at: string) => (await readFile(join(at, 'model.safetensors'))).length;
  const half = await policyAt(dir);
  expect(await size(dir)).toBeLessThan(0.55 * (await size(await checkpointDir())));
  const sequence = { promptTokens: [2, 40], tokens: [50, 60] };
  const [a, b] = [(await policy.score([sequence]))[0], (await half.score([sequence]))[0]];
  expect(Math.abs((a?.[1] ?? 0) - (b?.[1] ?? 1))).toBeLessThan(1e-3);
});

test('a trainer keeps its optimiser from step to step and gives the version when closed', async () => {
  const dir = await checkpointDir();
  const [whole, split] = [await policyAt(dir), await policyAt(dir)];
  const steps = [' by simp', ' by omega', ' by simp'].map((text) => rowsFor(whole, text, 1));
  const { version } = await whole.learn(bundle(steps));
  const trainer = await split.trainer(optimizer(), steps.length);
  for (const rows of steps) {
    await trainer.step(rows);
    await split.score([{ promptTokens: [2], tokens: [3] }]);
  }
  expect(await trainer.close()).toBe(version);
  expect(split.version).toBe(version);
  await expect(trainer.step(steps[0] ?? [])).rejects.toThrow('is closed');
});

test('the event loop turns freely while the engine learns and samples', async () => {
  const policy = await policyAt(await checkpointDir());
  let turns = 0;
  let running = true;
  const turn = () => {
    turns++;
    if (running) setImmediate(turn);
  };
  setImmediate(turn);
  const steps = Array.from({ length: 30 }, () => rowsFor(policy, ' by simp; omega', 1));
  let most = 0;
  let last = 0;
  await policy.learn(bundle(steps), () => {
    most = Math.max(most, turns - last);
    last = turns;
  });
  const learning = turns;
  await collect(policy.sample([request('<prove>a<by>', 8)], sampler({ maxTokens: 40 })));
  running = false;
  // On the main thread a step would be one turn or two.
  expect(learning).toBeGreaterThan(30 * 5);
  expect(most).toBeGreaterThan(10);
  expect(turns - learning).toBeGreaterThan(40 * 2);
});

test('leaving the loop early stops sampling, and the policy goes on working', async () => {
  const policy = await policyAt(await checkpointDir(), { batchSize: 1 });
  for await (const _ of policy.sample([request('<prove>a<by>', 10_000)], sampler())) break;
  expect(await collect(policy.sample([request('<prove>b<by>', 1)], sampler({ maxTokens: 1 })))).toHaveLength(
    1,
  );
});

test('calls made at once are answered each in turn', async () => {
  const policy = await policyAt(await checkpointDir());
  const [completions, scores, report, embeddings] = await Promise.all([
    collect(policy.sample([request('<prove>a<by>', 4)], sampler())),
    policy.score([{ promptTokens: [2], tokens: [3, 4] }]),
    policy.learn(bundle([rowsFor(policy, 'x', 1)])),
    policy.embed(['n + m = m + n', 'by simp']),
  ]);
  expect(completions).toHaveLength(4);
  expect(scores[0]).toHaveLength(2);
  expect(report.steps).toBe(1);
  expect(embeddings).toHaveLength(2);
});

test('completions read after an update still name the version they came from', async () => {
  const policy = await policyAt(await checkpointDir());
  const before = policy.version;
  const items = policy.sample([request('<prove>a<by>', 4)], sampler());
  await items.next();
  await policy.learn(bundle([rowsFor(policy, 'x', 1)]));
  expect(policy.version).not.toBe(before);
  const rest = await collect(items);
  expect(rest.map(({ policyVersion }) => policyVersion)).toEqual([before, before, before]);
});

test('refusals reach the caller with their class and reason', async () => {
  const policy = await policyAt(await checkpointDir());
  const long = { promptTokens: policy.tokenizer.encode('n + m '.repeat(60)), tokens: [5] };
  await expect(policy.score([long])).rejects.toThrow(RequestError);
  await expect(collect(policy.sample([request('a')], sampler({ topP: 2 })))).rejects.toThrow(
    'sampler setting topP',
  );
  await expect(policy.score([{ promptTokens: [2], tokens: [99_999] }])).rejects.toThrow(
    'sequence 0: token id 99999',
  );
  await expect(openOnnxPolicy(await temporaryDir())).rejects.toThrow('config.json: cannot read it');
});

test('closing stops what runs, and what comes later is refused', async () => {
  const policy = await policyAt(await checkpointDir(), { batchSize: 1 });
  const items = policy.sample([request('<prove>a<by>', 10_000)], sampler());
  await items.next();
  const waiting = policy.score([{ promptTokens: [2], tokens: [3] }]);
  const refused = expect(waiting).rejects.toThrow('the engine is closed');
  await policy.close();
  await refused;
  await expect(collect(items)).rejects.toThrow('the engine is closed');
  await expect(policy.embed(['a'])).rejects.toThrow('the engine is closed');
});

test('a process that exits in the middle of a run keeps its exit code', async () => {
  const dir = await checkpointDir(1, {
    ...CHECKPOINT_CONFIG,
    hiddenSize: 256,
    intermediateSize: 512,
    heads: 8,
    headDim: 32,
  });
  const fixture = join(import.meta.dirname, 'fixtures', 'exit-while-sampling.ts');
  // Some of these moments fall inside the runtime: without the gate they abort the process (signal SIGABRT).
  for (const turns of [1, 100, 1000, 3000]) {
    const { exitCode, signal } = await execa(process.execPath, [fixture, dir, String(turns)], {
      reject: false,
    });
    expect({ exitCode, signal }).toEqual({ exitCode: 75, signal: undefined });
  }
});

test('a prompt that leaves no room in the context is skipped, which is said; the others are answered', async () => {
  const said: string[] = [];
  const policy = await policyAt(await checkpointDir(), { say: (message) => said.push(message) });
  const { contextLength } = policy.config;
  const long = request(`<prove>${'n'.repeat(contextLength)}<by>`);
  const tokens = policy.tokenizer.encode(long.prompt).length;
  expect(tokens).toBeGreaterThan(contextLength);
  const all = await collect(policy.sample([long, request('<prove>a<by>', 1)], sampler()));
  expect(all.map(({ id }) => id)).toEqual(['<prove>a<by>']);
  expect(said).toEqual([
    `1 of 2 prompts are skipped: they leave no room in the model's context of ${contextLength} tokens (request ${long.id}: ${tokens})`,
  ]);
});
