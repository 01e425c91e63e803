/** Propose: the conjecturer writes statements, each from a seed, its proof and a lemma that proof uses. */
import { samplerOf } from '../config/index.ts';
import type { ConjectureRecord } from '../ledger/index.ts';
import { randomFrom, seedFor } from '../ops/seeds.ts';
import type { Completion, Policy, SampleRequest } from '../policy/policy.ts';
import { note } from './notes.ts';
import { conjectureInputs, type LemmaInput, type ProvedSeed } from './proposing/inputs.ts';
import { bestPassRates } from './proving/targets.ts';
import type { Run } from './run.ts';
import { endingAt, sampleAll } from './sampling.ts';
import { firstPolicy } from './versions.ts';

/** Samples of one input at most (STP: 8), when there are fewer inputs than conjectures wanted. */
const MAX_SAMPLES = 8;

export async function propose(run: Run, round: number): Promise<() => void> {
  const { conjectures: wanted } = run.config.propose;
  if (wanted === 0) return () => {};
  const seeds = provedSeeds(run, round);
  const inputs = conjectureInputs(
    seeds,
    run.problems.lemmas,
    { count: wanted, ...run.config.propose },
    randomFrom(seedFor(run.config.run.seed, 'propose', round)),
  );
  if (inputs.length === 0)
    note(run, round, 'propose', 'nothing is proved yet, so there is no seed to conjecture from');

  const sampler = endingAt(run.prompts.stops.conjecturer, samplerOf(run.config.propose));
  const requests = requestsFor(run, round, inputs, wanted);
  const byId = new Map(requests.map((r) => [r.id, r]));
  const recordOf = (c: Completion): ConjectureRecord => {
    const input = inputs[Number(c.id)];
    const request = byId.get(c.id);
    if (input === undefined || request === undefined) throw new Error(`No input for completion ${c.id}.`);
    return {
      ...c,
      id: conjectureId(round, c.id, c.index),
      round,
      prompt: request.prompt,
      sampler,
      seed: request.seed,
      seedId: input.seed.id,
      seedProof: input.seedProof,
      lemmaName: input.lemmaName,
      lemmaText: input.lemma,
    };
  };
  const conjecturer = await conjecturerOf(run);
  try {
    await sampleAll(
      { ...run, policy: conjecturer },
      round,
      'propose: sampling',
      requests,
      sampler,
      (completions) => run.ledger.conjectures.insert(completions.map(recordOf)),
    );
  } finally {
    if (conjecturer !== run.policy) await conjecturer.close();
  }
  return () => {};
}

/** The current policy, or the run's first where the conjecturer is frozen. Whoever asks closes another than the current. */
async function conjecturerOf(run: Run): Promise<Policy> {
  const first = firstPolicy(run.ledger);
  if (run.config.propose.policy === 'current' || first === undefined || first.version === run.policy.version)
    return run.policy;
  return await run.openPolicy(first.path);
}

/**
 * Proved train statements with their shortest proof: seed proofs, and what earlier rounds proved; not what was always hard
 * to prove, where STP's code draws a line (propose.seedPassRate; RL/utils/RL_utils.py:389).
 */
function provedSeeds(run: Run, round: number): ProvedSeed[] {
  const train = new Map(run.problems.train.map((p) => [p.id, p]));
  const { seedPassRate } = run.config.propose;
  const rates: ReadonlyMap<string, number> = seedPassRate === 0 ? new Map() : bestPassRates(run, round);
  return run.ledger.proofs.shortest().flatMap((proof) => {
    const statement = train.get(proof.statementId); // conjectures are no seeds: depth never exceeds 1, as in STP
    // Nobody has tried yet what has no rate: its proof was there from the beginning.
    const rate = rates.get(proof.statementId) ?? 1;
    return statement === undefined || rate < seedPassRate
      ? []
      : [{ statement, proof: proof.text, premises: proof.premises }];
  });
}

function requestsFor(
  run: Run,
  round: number,
  inputs: readonly LemmaInput[],
  wanted: number,
): SampleRequest[] {
  const stored = run.ledger.conjectures.ids(round);
  const total = Math.min(wanted, MAX_SAMPLES * inputs.length);
  return inputs
    .map((input, i) => ({
      id: String(i),
      prompt: run.prompts.conjecturer(input),
      n: Math.floor((total + i) / inputs.length), // these add up to the total
      seed: seedFor(run.config.run.seed, 'propose', round, i),
    }))
    .filter((r) => Array.from({ length: r.n }).some((_, j) => !stored.has(conjectureId(round, r.id, j))));
}

const conjectureId = (round: number, input: string, index: number) => `propose/r${round}/${input}/${index}`;
