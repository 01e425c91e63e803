/** `lakatos eval` on a served policy, from configuration alone. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { evaluateInto } from '../../../src/cli/eval.ts';
import { policyOptions } from '../../../src/cli/policy-options.ts';
import { openPolicy } from '../../../src/policy/open.ts';
import { flags, problemFile, world } from '../../cli/eval-world.ts';
import { checkpointDir, temporaryDir } from '../onnx/tiny.ts';
import { double } from './double.ts';

async function evaluate(place: string, set: readonly string[]) {
  const dir = await temporaryDir();
  problemFile(join(dir, 'problems.jsonl'), ['mathd_1', 'mathd_2']);
  const served = {
    ...world({ verdict: () => 'rejected' }),
    openPolicy: (uri: string, config: Parameters<typeof policyOptions>[0]) =>
      openPolicy(uri, policyOptions(config, join(dir, 'out'), false)),
  };
  return evaluateInto(flags(dir, { policy: place, set }), served);
}

test('a server that can do nothing but sample is evaluated, under the hash of its weights', async () => {
  const { host } = await double({ maxLength: 512 });
  const model = await checkpointDir();
  const report = await evaluate(`vllm:http://${host}#base`, [`policy.trainer.model="${model}"`]);
  expect(report.settings.policy).toMatchObject({ uri: `vllm:http://${host}#base` });
  expect(report.settings.policy.version).toMatch(/^[0-9a-f]{12}$/);
});

test('a server that is down is an error of policy.uri, before anything is made', async () => {
  const model = await checkpointDir();
  const evaluation = evaluate('vllm:http://127.0.0.1:9', [`policy.trainer.model="${model}"`]);
  await expect(evaluation).rejects.toMatchObject({ keyPath: 'policy.uri' });
  await expect(evaluation).rejects.toThrow(/ECONNREFUSED.*is the server up\?/);
});

test('a key variable that is not set is named', () => {
  const policy = { server: { keyEnv: 'LAKATOS_NO_SUCH_KEY' } };
  // Only the key's name is read before the refusal.
  const options = () => policyOptions({ policy } as Parameters<typeof policyOptions>[0], '.', false);
  expect(options).toThrow('the environment variable LAKATOS_NO_SUCH_KEY is not set');
});
