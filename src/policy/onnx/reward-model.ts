/**
 * The embedded token-level reward model: begins as a policy's trunk under a head of zeros, with an optimiser of its
 * own. Everything numeric happens in a worker; calls are taken one at a time, in order.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import PQueue from 'p-queue';
import type { Sequence } from '../policy.ts';
import type { RewardExample, RewardModel } from '../reward-model.ts';
import { type Companions, readCompanions, replaceDirectory, writeCompanions } from './checkpoint.ts';
import { EngineClient } from './engine-client.ts';
import type { RewardEngineOptions } from './reward-engine.ts';
import type { StepReport } from './trainer.ts';

export type RewardModelOptions = Pick<RewardEngineOptions, 'optimizer'> &
  Partial<Omit<RewardEngineOptions, 'gate'>>;

export class TokenRewardModel implements RewardModel {
  readonly #companions: Companions;
  readonly #client: EngineClient;
  readonly #turns = new PQueue({ concurrency: 1 });
  #steps: number;

  private constructor(companions: Companions, client: EngineClient, steps: number) {
    this.#companions = companions;
    this.#client = client;
    this.#steps = steps;
  }

  /** `dir` is a policy's checkpoint (not adapters alone), or where a reward model was saved. */
  static async open(dir: string, options: RewardModelOptions): Promise<TokenRewardModel> {
    const client = new EngineClient();
    try {
      const defaults = { threads: 2, spin: false, microBatchTokens: 2048 };
      const steps = await client.call('openReward', { dir, options: { ...defaults, ...options } });
      return new TokenRewardModel(await readCompanions(dir), client, steps);
    } catch (error) {
      await client.close();
      throw error;
    }
  }

  get steps(): number {
    return this.#steps;
  }

  async step(examples: readonly RewardExample[]): Promise<StepReport> {
    const report = await this.#turns.add(() => this.#client.call('rewardStep', examples));
    if (examples.length > 0) this.#steps += 1;
    return report;
  }

  async score(sequences: readonly Sequence[]): Promise<Float32Array[]> {
    return this.#turns.add(() => this.#client.call('rewardScore', sequences));
  }

  /** In the layout of transformers' sequence classification with one label, the optimiser beside it. */
  async save(dir: string): Promise<string> {
    return this.#turns.add(async () => {
      let version = '';
      await replaceDirectory(dir, async (fresh) => {
        await writeCompanions(this.#companions, fresh);
        await toClassifier(join(fresh, 'config.json'));
        version = await this.#client.call('writeReward', { dir: fresh });
      });
      return version;
    });
  }

  async close(): Promise<void> {
    await this.#client.close();
    await this.#turns.onIdle();
  }
}

async function toClassifier(path: string): Promise<void> {
  const config = JSON.parse(await readFile(path, 'utf8'));
  const architectures = [config.architectures ?? []]
    .flat()
    .map((name) => String(name).replace('ForCausalLM', 'ForSequenceClassification'));
  const labels = { id2label: { 0: 'reward' }, label2id: { reward: 0 } };
  await writeFile(path, `${JSON.stringify({ ...config, architectures, ...labels }, null, 2)}\n`);
}
