/** What a policy is opened with: its part of the configuration, and what only the command line may look up. */
import type { Config } from '../config/index.ts';
import { UsageError } from '../ops/errors.ts';
import { seedFor } from '../ops/seeds.ts';
import type { PolicyOptions, ServedBy } from '../policy/open.ts';

export function policyOptions(
  { policy, run }: Pick<Config, 'policy' | 'run'>,
  dir: string,
  learns: boolean,
  { say, signal }: Pick<PolicyOptions, 'say'> & Pick<ServedBy, 'signal'> = {},
): PolicyOptions {
  const { server, trainer } = policy;
  const apiKey = keyIn(server.keyEnv);
  const lora = { ...trainer.lora, seed: seedFor(run.seed, 'adapters') };
  return {
    ...embeddedOptions({ policy }),
    ...(learns && trainer.method === 'lora' ? { lora } : {}),
    say,
    served: { server, trainer, dir, learns, apiKey, signal },
  };
}

/** Of the embedded engine alone. */
export function embeddedOptions({ policy }: Pick<Config, 'policy'>): PolicyOptions {
  const { threads, device, batchSize, microBatchTokens, memoryMb } = policy;
  const memory = memoryMb === undefined ? {} : { memoryBytes: 2 ** 20 * memoryMb };
  return { threads, device, batchSize, microBatchTokens, ...memory };
}

function keyIn(variable: string | undefined): string | undefined {
  if (variable === undefined) return undefined;
  const key = process.env[variable];
  if (key !== undefined && key !== '') return key;
  throw new UsageError(
    `policy.server.keyEnv: the environment variable ${variable} is not set; export the server's API key in it.`,
    'policy.server.keyEnv',
  );
}
