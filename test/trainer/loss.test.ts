/** The trainer's loss against its definition in plain numbers (row-loss.ts), on hundreds of rows. */
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { uniformStream } from '../../src/policy/onnx/rng.ts';
import { rowLoss } from '../../src/policy/row-loss.ts';
import { variedRows } from './case.ts';
import { MISSING, PYTHON } from './python.ts';

test.skipIf(MISSING !== null)(
  'loss and slopes are those of the definition, far from the bounds and near',
  async () => {
    const rows = variedRows(400, 9);
    const uniform = uniformStream(10, 0);
    // Some near their sampler's, some so far that the ratios are extreme.
    const logprobs = rows.map(({ samplerLogprobs }, i) =>
      samplerLogprobs.map((mu) => mu + (i % 3 === 0 ? 8 : 0.6) * (uniform() - 0.5)),
    );
    const { stdout } = await execa(PYTHON, [join(import.meta.dirname, 'loss.py')], {
      input: JSON.stringify({ rows, logprobs }),
    });
    // As loss.py writes it.
    const found = JSON.parse(stdout) as { loss: number; slopes: number[] }[];
    expect(found).toHaveLength(rows.length);
    rows.forEach((row, i) => {
      const wanted = rowLoss(row, logprobs[i] ?? []);
      const size = Math.max(1, Math.abs(wanted.loss), ...wanted.slopes.map(Math.abs));
      expect(Math.abs((found[i]?.loss ?? Number.NaN) - wanted.loss) / size).toBeLessThan(1e-5);
      wanted.slopes.forEach((slope, t) => {
        expect(Math.abs((found[i]?.slopes[t] ?? Number.NaN) - slope) / size).toBeLessThan(1e-5);
      });
    });
  },
);
