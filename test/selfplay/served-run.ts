/** The parts of a run behind servers: a double that it starts, a script in the trainer's place. Otherwise as configured. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { policyOptions } from '../../src/cli/policy-options.ts';
import type { Config } from '../../src/config/index.ts';
import { openLedger } from '../../src/ledger/index.ts';
import { createRandomCheckpoint } from '../../src/policy/onnx/checkpoint.ts';
import { openPolicy } from '../../src/policy/open.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { trainTokenizer } from '../../src/seed/tokenizer.ts';
import { currentPolicy } from '../../src/selfplay/versions.ts';
import { doubleCommand, notedIn } from '../policy/served/started.ts';
import type { Death, Life } from './mortal.ts';

const TRAINER = fileURLToPath(new URL('fixtures/scripted-trainer.ts', import.meta.url));
const ROUTES = ['/v1/load_lora_adapter', '/v1/unload_lora_adapter'];

/** A checkpoint of which the tokenizer alone is read: the double samples by hashing. */
export async function tinyModel(dir: string): Promise<string> {
  const size = {
    vocabSize: 300,
    hiddenSize: 16,
    intermediateSize: 20,
    layers: 1,
    heads: 2,
    keyValueHeads: 1,
  };
  const rest = {
    headDim: 8,
    contextLength: 64,
    normEpsilon: 1e-5,
    ropeTheta: 100,
    tiedHead: true,
    endTokens: [1],
  };
  const files = trainTokenizer(['by simp', 'by omega'], size.vocabSize);
  await createRandomCheckpoint(dir, { config: { ...size, ...rest }, seed: 1, files });
  return dir;
}

export function servedOverrides({ model, port }: NonNullable<Life['served']>, death?: Death): string[] {
  const command = doubleCommand({ routes: ROUTES, maxLength: 4096, vocabulary: 300 });
  const dies = death?.at === 'training' ? [death.output] : [];
  return [
    `policy.uri="vllm:http://127.0.0.1:${port}"`,
    `policy.server.command=${JSON.stringify(command)}`,
    `policy.trainer.model=${JSON.stringify(model)}`,
    'policy.trainer.method="lora"',
    `policy.trainer.launch=${JSON.stringify([process.execPath, TRAINER, ...dies])}`,
  ];
}

/** At the weights that the run's ledger has come to. */
export async function openServed(dir: string, config: Config): Promise<Policy> {
  const ledger = openLedger(join(dir, 'ledger.sqlite'), { now: () => 0 });
  const path = currentPolicy(ledger)?.path ?? 'fake:';
  ledger.close();
  const saved = path.includes(':') ? undefined : join(dir, path);
  return openPolicy(config.policy.uri, { ...policyOptions(config, dir, true), saved });
}

export function killServer(dir: string): void {
  process.kill(notedIn(join(dir, 'served'))[0]?.pid ?? 0, 'SIGKILL');
}
