/** The verifier on its own, fed by a judge that lies. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { EMBEDDED_VERSION, startEmbeddedLean } from '../../../src/checkers/lean/embedded.ts';
import { verifyProgram } from '../../../src/checkers/lean/programs.ts';
import { asWorker, type LeanRequest } from '../../../src/checkers/lean/worker.ts';
import type { PoolWorker } from '../../../src/checkers/pool.ts';
import { FORGED, type ForgedCase } from './forged-proofs.ts';

const answer = z.object({ verdict: z.string(), reason: z.string(), axioms: z.array(z.string()) });

let verifier: PoolWorker<LeanRequest, z.infer<typeof answer>>;

beforeAll(async () => {
  const lean = await startEmbeddedLean(verifyProgram(EMBEDDED_VERSION));
  verifier = await asWorker(lean, (said) => answer.parse(said));
}, 600_000);

afterAll(() => verifier.kill());

const verify = ({
  statement,
  proof,
  forbidden = [],
}: Pick<ForgedCase, 'statement' | 'proof' | 'forbidden'>) =>
  verifier.ask({ op: 'verify', header: '', statement, forbidden, proof, heartbeats: 20_000 });

describe('the verifier', () => {
  it.each(FORGED.map((c) => [c.verdict, c.title, c] as const))(
    'says %s to %s',
    { timeout: 120_000 },
    async (verdict, _, c) => {
      const said = await verify(c);
      if (typeof c.reason === 'string') expect(said.reason).toBe(c.reason);
      else expect(said.reason).toMatch(c.reason);
      expect(said.verdict).toBe(verdict);
    },
  );
});
