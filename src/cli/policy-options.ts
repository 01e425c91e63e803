/** What a policy is opened with: its part of the configuration, and what only the command line may look up. */
import type { Config } from '../config/index.ts';
import { UsageError } from '../ops/errors.ts';
import type { PolicyOptions, ServedBy } from '../policy/open.ts';

export function policyOptions(
  { policy }: Pick<Config, 'policy'>,
  dir: string,
  learns: boolean,
  surroundings: Pick<ServedBy, 'say' | 'signal'> = {},
): PolicyOptions {
  const { threads, device, server, trainer } = policy;
  const apiKey = keyIn(server.keyEnv);
  return { threads, device, served: { server, trainer, dir, learns, apiKey, ...surroundings } };
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
