import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { prometheusText } from '../../src/reports/prometheus.ts';
import { complaint, complaintKind } from '../../src/reports/reasons.ts';
import { runScalars, type Scalar, scalarsCsv, scalarsJsonl } from '../../src/reports/scalars.ts';
import { crc32c, tensorboardEvents } from '../../src/reports/tensorboard.ts';
import { report } from './fixture.ts';

const scalars: readonly Scalar[] = [
  { name: 'pass_at_k/1', step: 1, value: 0.25 },
  { name: 'pass_at_k/8', step: 1, value: 0.5 },
  { name: 'pass_at_k/1', step: 2, value: 0.3 },
  { name: 'verdicts/proved', step: 2, value: 12 },
  { name: 'solved', step: 2, value: 7 },
];

test('a run’s numbers are those of its report, a step a round, unknown ones left out', () => {
  const found = runScalars(report);
  for (const round of report.rounds) {
    const of = (name: string) => found.find((s) => s.step === round.round && s.name === name)?.value;
    expect(of('attempts')).toBe(round.attempts);
    expect(of('conjectures/kept')).toBe(round.kept);
    expect(of('pass_at_k/1')).toBe(round.passAt1?.estimate);
  }
});

test('as CSV a line a number, as JSON lines a line a round', () => {
  expect(scalarsCsv(scalars.slice(0, 2))).toBe('name,step,value\npass_at_k/1,1,0.25\npass_at_k/8,1,0.5\n');
  expect(
    scalarsJsonl(scalars)
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([
    { round: 1, 'pass_at_k/1': 0.25, 'pass_at_k/8': 0.5 },
    { round: 2, 'pass_at_k/1': 0.3, 'verdicts/proved': 12, solved: 7 },
  ]);
});

test('for Prometheus the latest step of each, families under one name, labels escaped', () => {
  expect(prometheusText(scalars, { run: 'a "b"\\c' })).toBe(
    [
      '# TYPE lakatos_pass_at_k gauge',
      'lakatos_pass_at_k{run="a \\"b\\"\\\\c",k="8"} 0.5',
      'lakatos_pass_at_k{run="a \\"b\\"\\\\c",k="1"} 0.3',
      '# TYPE lakatos_verdicts gauge',
      'lakatos_verdicts{run="a \\"b\\"\\\\c",verdict="proved"} 12',
      '# TYPE lakatos_solved gauge',
      'lakatos_solved{run="a \\"b\\"\\\\c"} 7',
      '',
    ].join('\n'),
  );
});

describe('TensorBoard events', () => {
  test('checksums are CRC-32C', () => {
    // RFC 3720, B.4, and the check value of the CRC catalogue.
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
    expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa);
  });

  test('are read back as they were written, frame by frame', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            name: fc.string({ minLength: 1, maxLength: 200 }),
            step: fc.nat({ max: 2 ** 40 }),
            value: fc.float({ noNaN: true, noDefaultInfinity: true }),
          }),
          { maxLength: 5 },
        ),
        (written) => {
          const [version, ...events] = framesOf(tensorboardEvents(written, 1234.5)).map(fieldsOf);
          expect(version?.get(1)).toBe(1234.5);
          expect(String(version?.get(3))).toBe('brain.Event:2');
          const read = events.map((event) => {
            const value = fieldsOf(bytesIn(fieldsOf(bytesIn(event.get(5))).get(1)));
            return { name: String(value.get(1)), step: event.get(2), value: value.get(2) };
          });
          expect(read).toEqual(written.map((s) => ({ ...s, name: Buffer.from(s.name).toString() })));
        },
      ),
    );
  });
});

/** TFRecord frames, their checksums compared. */
function framesOf(bytes: Uint8Array): Buffer[] {
  const frames: Buffer[] = [];
  const all = Buffer.from(bytes);
  for (let at = 0; at < all.length; ) {
    const length = Number(all.readBigUInt64LE(at));
    expect(all.readUInt32LE(at + 8)).toBe(mask(crc32c(all.subarray(at, at + 8))));
    const data = all.subarray(at + 12, at + 12 + length);
    expect(all.readUInt32LE(at + 12 + length)).toBe(mask(crc32c(data)));
    frames.push(data);
    at += 16 + length;
  }
  return frames;
}

/** As tensorflow/core/lib/hash/crc32c.h has it. */
const mask = (crc: number) =>
  Number(((BigInt(crc >>> 15) | (BigInt(crc) << 17n)) + 0xa282ead8n) & 0xffffffffn);

/** The fields of one protobuf message; enough for events. */
function fieldsOf(data: Buffer): Map<number, number | Buffer> {
  const fields = new Map<number, number | Buffer>();
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = data[at++] ?? 0;
      value += (byte & 127) * shift;
      if (byte < 128) return value;
    }
  };
  while (at < data.length) {
    const key = varint();
    const [field, type] = [key >>> 3, key & 7];
    if (type === 0) fields.set(field, varint());
    else if (type === 1) {
      fields.set(field, data.readDoubleLE(at));
      at += 8;
    } else if (type === 5) {
      fields.set(field, data.readFloatLE(at));
      at += 4;
    } else {
      const length = varint();
      fields.set(field, data.subarray(at, at + length));
      at += length;
    }
  }
  return fields;
}

function bytesIn(value: number | Buffer | undefined): Buffer {
  if (Buffer.isBuffer(value)) return value;
  throw new Error('expected a length-delimited field');
}

test('complaints of a kind count together: goals, hints, positions and counterexamples are cut off', () => {
  expect(
    complaint('omega could not prove the goal: a possible counterexample may satisfy the constraints a ≥ 0'),
  ).toBe('omega could not prove the goal');
  expect(complaint('`grind` failed case grind x y : Int h : 0 < y ⊢ False')).toBe('`grind` failed');
  expect(complaint('unsolved goals n : Nat ⊢ n = 1')).toBe('unsolved goals');
  expect(
    complaint('Tactic `constructor` failed: no applicable constructor found a b : Nat h₀ : a % 2 = b'),
  ).toBe('Tactic `constructor` failed: no applicable constructor found');
  expect(complaint('statement: Unknown identifier `ℝ` Note: It is not possible')).toBe(
    'statement: Unknown identifier `ℝ`',
  );
  expect(complaint('statement: <input>:2:4: expected token')).toBe('statement: expected token');
});

test('kinds of complaint keep the tactic that failed and forget the names it was about', () => {
  expect(complaintKind('`simp` made no progress')).toBe('simp made no progress');
  expect(complaintKind('Tactic `rfl` failed: The left-hand side n')).toBe(
    'Tactic rfl failed: The left-hand side n',
  );
  expect(complaintKind('Unknown identifier `foo`')).toBe(complaintKind('Unknown identifier `bar`'));
});
