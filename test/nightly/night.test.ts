import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { OutOfTimeError, playNight } from '../../src/nightly/night.ts';
import { sizeFact, wholeRound } from '../../src/nightly/pace.ts';
import { DiskFullError } from '../../src/ops/disk.ts';
import { exitCodeOf } from '../../src/ops/errors.ts';
import { configWith, emptyLog, openVirtualRun, parts, VirtualClock } from './virtual.ts';

const root = mkdtempSync(join(tmpdir(), 'lakatos-night-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const fresh = () => mkdtempSync(join(root, 'run-'));

const config = configWith();
const attemptsOf = ({ ledger }: ReturnType<typeof openVirtualRun>['run'], round: number) =>
  ledger.attempts.countsByStatement({ round, purpose: 'prove' }).reduce((sum, { count }) => sum + count, 0);

/** Seconds that the baseline and the first round take, unhurried. */
async function unhurried() {
  const clock = new VirtualClock();
  const { run, close } = openVirtualRun(fresh(), config, clock);
  await playNight(run, parts({ rounds: 1 }), emptyLog());
  const first = clock.seconds;
  await playNight(run, parts({ rounds: 2 }), emptyLog());
  close();
  return { first, second: clock.seconds - first };
}
const { first, second } = await unhurried();

describe('a night with a deadline', () => {
  test('plays whole rounds while they fit, then one that is smaller, and ends before the deadline', async () => {
    const clock = new VirtualClock();
    const { run, said, close } = openVirtualRun(fresh(), config, clock);
    await playNight(run, parts({ rounds: 1 }), emptyLog());
    const log = emptyLog();
    const end = clock.seconds + Math.ceil(1.9 * second);
    await playNight(run, parts({ deadline: clock.deadline(end) }), log);
    expect(log.played.length).toBeGreaterThanOrEqual(2);
    expect(clock.seconds).toBeLessThanOrEqual(end);
    const sizes = log.played.map((round) => run.ledger.facts.get(sizeFact(round)));
    expect(sizes[0]).toEqual(wholeRound(config));
    expect(sizes.at(-1)).not.toEqual(sizes[0]);
    const last = log.played.at(-1) ?? 0;
    expect(run.ledger.conjectures.list(last).length).toBeLessThan(config.propose.conjectures);
    expect(said.join('\n')).toMatch(
      /round \d+: \d+ conjectures and \d problems, about .* the whole round would be \d+ and 6/,
    );
    expect(said.at(-1)).toMatch(
      /^Round \d+ is not begun: even a tenth of it takes about .* are left before second/,
    );
    expect(run.ledger.rounds.list().at(-1)?.number).toBe(last);
    close();
  });

  test('keeps the time that the evaluations afterwards need', async () => {
    const clock = new VirtualClock();
    const { run, close } = openVirtualRun(fresh(), config, clock);
    const end = first + 3 * second;
    const begun = vi.fn();
    const evaluations = {
      expectedSeconds: () => 2 * second,
      evaluate: async () => begun(clock.seconds),
    };
    await playNight(run, parts({ deadline: clock.deadline(end), evaluations }), emptyLog());
    expect(begun).toHaveBeenCalledTimes(1);
    expect(begun.mock.calls[0]?.[0]).toBeLessThanOrEqual(end - 2 * second);
    close();
  });

  test('with nothing measured plays the round as configured and says so', async () => {
    const clock = new VirtualClock();
    const unmeasured = configWith('evaluate.beforeAndAfter=false');
    const { run, said, close } = openVirtualRun(fresh(), unmeasured, clock);
    await playNight(run, parts({ rounds: 1, deadline: clock.deadline(1e6) }), emptyLog());
    expect(said.join('\n')).toContain('nothing was measured yet, so it is played as configured');
    expect(run.ledger.conjectures.list(1)).toHaveLength(unmeasured.propose.conjectures);
    close();
  });

  test('does not begin a step that cannot end: the round waits, is evaluated as it is, and is resumable', async () => {
    const clock = new VirtualClock();
    const dir = fresh();
    const { run, said, close } = openVirtualRun(dir, config, clock);
    await playNight(run, parts({ rounds: 1 }), emptyLog());
    const evaluate = vi.fn(async () => {});
    // Round 2 is begun without a deadline and cut off while it proves.
    let left = 30;
    const cut = openVirtualRun(dir, config, clock, () => {
      if (--left === 0) throw new Error('power cut');
    });
    await expect(playNight(cut.run, parts({ rounds: 2 }), emptyLog())).rejects.toThrow('power cut');
    cut.close();
    const log = emptyLog();
    const night = playNight(
      run,
      parts({
        deadline: clock.deadline(clock.seconds + 5),
        evaluations: { expectedSeconds: () => 0, evaluate },
      }),
      log,
    );
    await expect(night).rejects.toThrow(OutOfTimeError);
    await expect(night).rejects.toThrow(
      /^Round 2 waits before \w+: it takes about \d+ s, and -?\d+ s are left before second/,
    );
    expect(exitCodeOf(await night.catch((error: unknown) => error))).toBe(75);
    expect(evaluate).toHaveBeenCalledTimes(1);
    expect(log.played).toEqual([]);
    expect(said.join('\n')).toContain('round 2: prove (resumed)');

    await playNight(run, parts({ rounds: 2, deadline: clock.deadline(1e6) }), log);
    expect(log.played).toEqual([2]);
    close();
  });

  test('a round that was cut off keeps the size it began with, however much time there is later', async () => {
    const clock = new VirtualClock();
    const dir = fresh();
    const { run, close } = openVirtualRun(dir, config, clock);
    await playNight(run, parts({ rounds: 1 }), emptyLog());
    let left = 25;
    const cut = openVirtualRun(dir, config, clock, () => {
      if (--left === 0) throw new Error('power cut');
    });
    const hurried = parts({ deadline: clock.deadline(clock.seconds + Math.ceil(second * 0.7)) });
    await expect(playNight(cut.run, hurried, emptyLog())).rejects.toThrow('power cut');
    cut.close();
    const size = run.ledger.facts.get(sizeFact(2));
    expect(size).not.toEqual(wholeRound(config));
    await playNight(run, parts({ rounds: 2, deadline: clock.deadline(1e6) }), emptyLog());
    expect(run.ledger.facts.get(sizeFact(2))).toEqual(size);
    expect({ conjectures: run.ledger.conjectures.list(2).length }).toEqual({
      conjectures: (size as { conjectures: number }).conjectures,
    });
    expect(attemptsOf(run, 2)).toBeLessThan(attemptsOf(run, 1));
    close();
  });
});

test('asked to stop, a night ends with that reason and evaluates nothing', async () => {
  const clock = new VirtualClock();
  const controller = new AbortController();
  let left = 60;
  const stop = () => void (--left === 0 && controller.abort(new Error('SIGTERM')));
  const { run, close } = openVirtualRun(fresh(), config, clock, stop, controller.signal);
  const evaluate = vi.fn(async () => {});
  const evaluations = { expectedSeconds: () => 0, evaluate };
  await expect(playNight(run, parts({ evaluations }), emptyLog())).rejects.toThrow('SIGTERM');
  expect(evaluate).not.toHaveBeenCalled();
  close();
});

test('a round is not begun where there is no room for it, and says how much it needs', async () => {
  const { run, close } = openVirtualRun(fresh(), config, new VirtualClock());
  const checkSpace = async () => {
    throw new DiskFullError('runs/a: a round needs 500 MB of free disk, found 3 MB');
  };
  await expect(playNight(run, parts({ rounds: 1, checkSpace }), emptyLog())).rejects.toThrow('needs 500 MB');
  expect(run.ledger.rounds.get(1)).toBeUndefined();
  close();
});

test('the time of a step that is cut off is kept up to the last sign of life', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  try {
    const clock = new VirtualClock();
    let answers = 0;
    let alive = 0;
    const { run, close } = openVirtualRun(fresh(), config, clock, () => {
      if (!run.ledger.steps.list(1).some((s) => s.step === 'prove')) return;
      if (++answers === 10) {
        alive = clock.seconds;
        vi.advanceTimersByTime(10_000);
      }
      if (answers === 15) throw new Error('power cut');
    });
    await expect(playNight(run, parts({ rounds: 1 }), emptyLog())).rejects.toThrow('power cut');
    const cut = run.ledger.steps.list(1).find((s) => s.status === 'started');
    expect(cut?.step).toBe('prove');
    expect(cut?.seconds).toBe(alive - (cut?.startedAt ?? 0) / 1000);
    expect(clock.seconds).toBeGreaterThan(alive);
    close();
  } finally {
    vi.useRealTimers();
  }
});
