/** A server of ours that dies while the policy works: it is started again as what it was, and the others go on. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freezeBundle } from '../../../src/policy/bundle.ts';
import { MARKER } from '../../../src/policy/served/checkpoint-version.ts';
import type { Learner } from '../../../src/policy/served/learner.ts';
import type { ServedPolicy } from '../../../src/policy/served/served-policy.ts';
import type { ServerSettings } from '../../../src/policy/served/settings.ts';
import { checkpointDir, collect, optimizer, row, sampler, temporaryDir } from '../onnx/tiny.ts';
import { open } from './opened.ts';
import { doubleCommand, freePort, notedIn } from './started.ts';

const ADAPTERS = ['/v1/load_lora_adapter', '/v1/unload_lora_adapter'];
const RELOAD = ['/collective_rpc', '/weight_info'];
const LEARNED = '1'.repeat(12);
const bundle = freezeBundle({ objective: 'test', optimizer: optimizer(), steps: [[row([1, 2], [3, 4], 1)]] });
const requests = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ id: `${i}`, prompt: `<prove>${i}<by>`, n: 1, seed: i }));

interface Starting {
  readonly replicas?: number;
  readonly server: Partial<ServerSettings>;
  readonly adapter?: boolean;
  readonly signal?: AbortSignal;
}

async function start({ replicas = 1, server, adapter = false, signal }: Starting) {
  const [model, workDir] = [await checkpointDir(), await temporaryDir()];
  const dir = join(await temporaryDir(), LEARNED);
  const learner: Learner = {
    adapter,
    base: model,
    async learn() {
      await mkdir(dir);
      await writeFile(join(dir, MARKER), JSON.stringify({ version: LEARNED }));
      const report = { version: LEARNED, steps: 1, tokens: 4, seconds: 1 };
      return { dir, report: { ...report, firstLoss: 1, lastLoss: 1, maxGradNorm: 1 }, witnesses: [] };
    },
    score: async () => [],
    close: async () => {},
  };
  const ports = await Promise.all(Array.from({ length: replicas }, freePort));
  const place = ports.map((port) => `http://127.0.0.1:${port}`).join(',');
  const said: string[] = [];
  const say = (message: string) => said.push(message);
  const settings = { startSeconds: 120, ...server };
  const rest = { model, learner, workDir, say, ...(signal === undefined ? {} : { signal }) };
  const policy = await open(place, { ...rest, server: settings });
  const kill = (index: number) => process.kill(notedIn(workDir, index)[0]?.pid ?? 0, 'SIGKILL');
  const log = () => readFile(join(workDir, 'server-0.log'), 'utf8');
  return { policy, dir, kill, log, said };
}
const sampleFrom = async (policy: ServedPolicy, count: number) =>
  (await collect(policy.sample(requests(count), sampler({ maxTokens: 3 })))).map((c) => c.policyVersion);

test('after a reload it comes back with the new weights, under the id that requests name', async () => {
  const { policy, dir, kill, log, said } = await start({
    server: { command: doubleCommand({ routes: RELOAD }) },
  });
  const id = `lakatos-${policy.version}`;
  await policy.learn(bundle);
  kill(0);
  expect(await sampleFrom(policy, 6)).toEqual(Array(6).fill(LEARNED));
  expect(await log()).toContain(`serving ${dir} as ${id}`);
  expect(said).toEqual(['a server has ended by itself; starting it again']);
});

test('one of two that serve an adapter dies: it gets the adapter again, and the other goes on meanwhile', async () => {
  const { policy, kill } = await start({
    replicas: 2,
    adapter: true,
    server: { command: doubleCommand({ routes: ADAPTERS }), concurrency: 2 },
  });
  await policy.learn(bundle);
  const sampled: string[] = [];
  for await (const { policyVersion } of policy.sample(requests(60), sampler({ maxTokens: 3 }))) {
    if (sampled.length === 5) kill(1);
    sampled.push(policyVersion);
  }
  expect(sampled).toEqual(Array(60).fill(LEARNED));
  // Both answer as the adapter: with the first gone too, nobody else could.
  kill(0);
  expect(await sampleFrom(policy, 4)).toEqual(Array(4).fill(LEARNED));
});

test('an answer 500 of a server that then ends is a lost connection, not a refusal', async () => {
  const { policy, said } = await start({
    server: { command: doubleCommand({ dies: 3 }), update: 'restart' },
  });
  expect(await sampleFrom(policy, 4)).toHaveLength(4);
  expect(said.length).toBeGreaterThan(0);
});

test('once the run is to stop, a server that dies is not started again', async () => {
  const stopping = new AbortController();
  const { policy, kill, said } = await start({
    server: { command: doubleCommand(), update: 'restart' },
    signal: stopping.signal,
  });
  stopping.abort(new Error('asked to stop'));
  kill(0);
  await expect(sampleFrom(policy, 1)).rejects.toThrow('asked to stop');
  expect(said).toEqual([]);
});
