import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { type BundleRow, freezeBundle } from '../../src/policy/bundle.ts';
import { readBundle, writeBundle } from '../../src/policy/bundle-file.ts';
import { UpdateRefusedError } from '../../src/policy/errors.ts';
import { optimizer, row } from './onnx/tiny.ts';

const rows: fc.Arbitrary<BundleRow[][]> = fc.array(
  fc.array(
    fc
      .tuple(fc.string(), fc.array(fc.nat(99)), fc.double({ noNaN: true, noDefaultInfinity: true }))
      .map(([id, tokens, weight]) => row([1], tokens, weight, { id })),
  ),
);

test('the hash is that of the content as one JSON text, though it is made row by row', () => {
  fc.assert(
    fc.property(fc.string(), fc.option(fc.string(), { nil: undefined }), rows, (objective, policy, steps) => {
      const named = policy === undefined ? {} : { policy };
      const content = { objective, ...named, optimizer: optimizer(), steps };
      const whole = createHash('sha256').update(JSON.stringify(content)).digest('hex');
      expect(freezeBundle(content)).toEqual({ hash: whole, ...content });
    }),
  );
});

test.each([
  ['weights', { weights: [0, Number.NaN] }, 'NaN'],
  ['samplerLogprobs', { samplerLogprobs: [-1, Number.NEGATIVE_INFINITY] }, '-Infinity'],
  ['refLogprobs', { refLogprobs: [Number.NaN, -1] }, 'NaN'],
  ['klCoef', { klCoef: Number.POSITIVE_INFINITY }, 'Infinity'],
  ['ratio', { ratio: { kind: 'topr', low: 0, high: Number.POSITIVE_INFINITY } as const }, 'Infinity'],
] as const)(
  '%s that are not finite, which on disk would be null, are refused by row and step',
  (field, over, found) => {
    const [good, bad] = [row([1], [2, 3], 0.5), row([1], [2, 3], 0.5, { id: 'bad', ...over })];
    const freeze = () =>
      freezeBundle({ objective: 'raft', optimizer: optimizer(), steps: [[good], [good, bad]] });
    expect(freeze).toThrow(UpdateRefusedError);
    expect(freeze).toThrow(
      `update refused: expected finite numbers in ${field} of row bad in step 2 of its bundle, found ${found}; the weights are unchanged`,
    );
  },
);

test('a bundle on disk comes back; altered there, it is refused by file and both hashes', () => {
  const dir = mkdtempSync(join(tmpdir(), 'lakatos-bundle-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const bundle = freezeBundle({
    objective: 'raft',
    policy: '0123456789ab',
    optimizer: optimizer(),
    steps: [[row([1], [2, 3], 0.5)]],
  });
  const path = writeBundle(dir, bundle);
  expect(readBundle(path)).toEqual(bundle);
  const altered = gunzipSync(readFileSync(path)).toString('utf8').replace('0.5', '0.6');
  writeFileSync(path, gzipSync(altered));
  expect(() => readBundle(path)).toThrow(
    new RegExp(
      `${bundle.hash.slice(0, 12)}.jsonl.gz: the bundle's content hashes to [0-9a-f]{64}, its manifest says ${bundle.hash}`,
    ),
  );
});
