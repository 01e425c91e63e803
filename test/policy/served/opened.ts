/** A served policy on the tiny checkpoint, against whatever answers at the given place. */
import { onTestFinished } from 'vitest';
import { loadConfig } from '../../../src/config/index.ts';
import type { Learner } from '../../../src/policy/served/learner.ts';
import { openServedPolicy } from '../../../src/policy/served/open.ts';
import type { ServerSettings } from '../../../src/policy/served/settings.ts';
import { checkpointDir, temporaryDir } from '../onnx/tiny.ts';

export interface Opening {
  readonly engine?: 'vllm' | 'sglang';
  readonly server?: Partial<ServerSettings>;
  readonly model?: string;
  readonly weights?: string;
  readonly learner?: Learner;
  readonly workDir?: string;
  readonly signal?: AbortSignal;
  readonly say?: (message: string) => void;
}

export async function open(place: string, opening: Opening = {}) {
  const { engine = 'vllm', server, weights, learner, signal, say } = opening;
  const policy = await openServedPolicy(engine, place, {
    server: { ...loadConfig({}).config.policy.server, controlSeconds: 20, ...server },
    model: opening.model ?? (await checkpointDir()),
    weights,
    workDir: opening.workDir ?? (await temporaryDir()),
    openLearner: learner === undefined ? null : () => learner,
    retryMilliseconds: 1,
    say,
    signal,
  });
  onTestFinished(() => policy.close());
  return policy;
}
