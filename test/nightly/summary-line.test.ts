import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { evaluateInto } from '../../src/cli/eval.ts';
import { playNight } from '../../src/nightly/night.ts';
import { summaryLine } from '../../src/nightly/summary-line.ts';
import { runReportSchema } from '../../src/reports/report-data.ts';
import { flags, problemFile, world } from '../cli/eval-world.ts';
import { configWith, emptyLog, openVirtualRun, parts, VirtualClock } from './virtual.ts';

const root = mkdtempSync(join(tmpdir(), 'lakatos-summary-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const head = { dir: 'runs/nightly', until: '2026-11-27T06:00', seconds: 28_000 };

test('a good night: every figure in its place, those of earlier nights not counted', async () => {
  problemFile(join(root, 'problems.jsonl'), ['a', 'b']);
  const evaluate = (out: string, against?: string) =>
    evaluateInto(
      flags(root, {
        out: join(root, out),
        ...(against === undefined ? {} : { against: join(root, against) }),
      }),
      world({
        version: out,
        verdict: (name, proof) => (proof === 's0' && (name === 'a' || out === 'two') ? 'proved' : 'rejected'),
      }),
    );
  await evaluate('one');
  const report = await evaluate('two', 'one');

  const dir = mkdtempSync(join(root, 'run-'));
  const { run, close } = openVirtualRun(dir, configWith(), new VirtualClock());
  await playNight(run, parts({ rounds: 1 }), emptyLog());
  const log = emptyLog();
  await playNight(run, parts({ rounds: 3 }), log);
  const figures = runReportSchema.parse(JSON.parse(readFileSync(join(dir, 'report.json'), 'utf8')));
  const [earlier, second, third] = figures.rounds.filter((r) => r.round > 0);
  close();

  log.evaluated.push(
    { label: 'minif2f-valid', kind: 'evaluated', report },
    { label: 'putnam-test', kind: 'skipped', why: 'it takes about 60 min, and 5 min are left' },
  );
  const attempts = (second?.attempts ?? 0) + (third?.attempts ?? 0);
  const proved = (second?.proved ?? 0) + (third?.proved ?? 0);
  const newly = (second?.newlyProved ?? 0) + (third?.newlyProved ?? 0);
  const kept = (second?.kept ?? 0) + (third?.kept ?? 0);
  const pass1 = third?.passAt1?.estimate ?? 0;
  const delta = pass1 - (earlier?.passAt1?.estimate ?? 0);
  expect(summaryLine({ ...head, status: 'done', exit: 0, reason: '', log, report: figures })).toBe(
    `lakatos-night status=done exit=0 dir=runs/nightly until=2026-11-27T06:00 hours=7.78 rounds=2 round=3 policy=${third?.policyVersion} attempts=${attempts} proved=${proved} newly_proved=${newly} conjectures_kept=${kept} heldout_pass1=${pass1.toFixed(4)} heldout_delta=${delta < 0 ? '-' : '+'}${Math.abs(delta).toFixed(4)} minif2f-valid_pass1=0.2500 minif2f-valid_pass2=0.5000 minif2f-valid_pass4=1.0000 minif2f-valid_solved=2/2 minif2f-valid_delta=+0.1250 minif2f-valid_gained=1 minif2f-valid_lost=0 putnam-test=skipped`,
  );
});

test('a night that could not begin: what is unknown is left out, the reason is quoted', () => {
  const line = summaryLine({
    ...head,
    seconds: 0.4,
    status: 'busy',
    exit: 1,
    reason: 'runs/nightly: in use by process 7 on "north"',
    log: emptyLog(),
    report: null,
  });
  expect(line).toBe(
    'lakatos-night status=busy exit=1 dir=runs/nightly until=2026-11-27T06:00 hours=0.00 rounds=0 attempts=0 proved=0 newly_proved=0 conjectures_kept=0 reason="runs/nightly: in use by process 7 on \\"north\\""',
  );
});
