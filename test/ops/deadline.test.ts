import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Clocks, instantOf, localMinute, parseDeadline, watchDeadline } from '../../src/ops/deadline.ts';
import { UsageError } from '../../src/ops/errors.ts';

const zone = process.env.TZ;
beforeEach(() => {
  process.env.TZ = 'Europe/Paris'; // summer time begins on 2026-03-29 at 02:00, ends on 2026-10-25 at 03:00
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
});

/** Time passes for both clocks; only the wall clock can be put forward or back. */
class Machine implements Clocks {
  #wall: number;
  #steady = 0;
  constructor(wall: string) {
    this.#wall = Date.parse(wall);
  }
  wall = () => this.#wall;
  steady = () => this.#steady;
  pass(seconds: number): void {
    for (let left = seconds; left > 0; left -= 5) {
      this.#wall += 5000;
      this.#steady += 5000;
      vi.advanceTimersByTime(5000);
    }
  }
  sleep(seconds: number): void {
    this.put(seconds);
  }
  put(seconds: number): void {
    this.#wall += 1000 * seconds;
  }
}

function watch(text: string, machine: Machine) {
  const reached = vi.fn();
  const jumps: number[] = [];
  const deadline = watchDeadline(
    text,
    { onReached: reached, onJump: (s) => jumps.push(Math.round(s)) },
    machine,
  );
  return { deadline, reached, jumps };
}

const HOUR = 3600;

describe('06:00 is', () => {
  const at = (text: string, now: string) => localMinute(instantOf(parseDeadline(text), Date.parse(now)));

  test('today when that is still to come, else tomorrow, over the end of a month too', () => {
    expect(at('06:00', '2026-11-26T05:59')).toBe('2026-11-26T06:00');
    expect(at('06:00', '2026-11-26T06:00')).toBe('2026-11-27T06:00');
    expect(at('06:00', '2026-11-30T22:00')).toBe('2026-12-01T06:00');
  });

  test('seven hours after 22:00 when summer time begins that night, nine when it ends', () => {
    const hours = (now: string) =>
      (instantOf(parseDeadline('06:00'), Date.parse(now)) - Date.parse(now)) / 3.6e6;
    expect(hours('2026-03-28T22:00')).toBe(7);
    expect(hours('2026-10-24T22:00')).toBe(9);
  });

  test('an hour later where the clock skips it, and the first of the two where the clock repeats it', () => {
    expect(at('02:30', '2026-03-28T22:00')).toBe('2026-03-29T03:30');
    expect(instantOf(parseDeadline('02:30'), Date.parse('2026-10-24T22:00'))).toBe(
      Date.parse('2026-10-25T00:30Z'),
    );
  });

  test('a minute with its date stays that minute, though it is past', () => {
    expect(at('2026-11-26T06:00', '2026-12-24T22:00')).toBe('2026-11-26T06:00');
  });

  test.each(['6:00', '24:00', '06:60', 'six', '2026-11-31T6', ''])('not %j, which is bad usage', (text) => {
    expect(() => parseDeadline(text)).toThrow(UsageError);
    expect(() => parseDeadline(text)).toThrow('--until: expected a local time such as 06:00');
  });
});

describe('the wall clock decides', () => {
  test('the deadline is told once, when it comes, and not before', () => {
    const machine = new Machine('2026-11-26T22:00');
    const { deadline, reached, jumps } = watch('06:00', machine);
    expect([deadline.describe(), deadline.secondsLeft()]).toEqual(['06:00 on 2026-11-27', 8 * HOUR]);
    machine.pass(8 * HOUR - 5);
    expect([reached.mock.calls.length, deadline.secondsLeft()]).toEqual([0, 5]);
    machine.pass(HOUR);
    expect([reached.mock.calls.length, jumps]).toEqual([1, []]);
  });

  test('put forward an hour by the time server, the deadline comes an hour earlier and the jump is said', () => {
    const machine = new Machine('2026-11-26T22:00');
    const { reached, jumps } = watch('06:00', machine);
    machine.pass(HOUR);
    machine.put(HOUR);
    machine.pass(6 * HOUR - 5);
    expect([reached.mock.calls.length, jumps]).toEqual([0, [HOUR]]);
    machine.pass(5);
    expect(reached.mock.calls.length).toBe(1);
  });

  test('put back two hours, it comes two hours later', () => {
    const machine = new Machine('2026-11-26T22:00');
    const { deadline, reached, jumps } = watch('06:00', machine);
    machine.pass(HOUR);
    machine.put(-2 * HOUR);
    machine.pass(5);
    expect([jumps, deadline.secondsLeft()]).toEqual([[-2 * HOUR], 9 * HOUR - 5]);
    machine.pass(9 * HOUR - 10);
    expect(reached.mock.calls.length).toBe(0);
    machine.pass(5);
    expect(reached.mock.calls.length).toBe(1);
  });

  test('a machine that slept past the deadline stops when it wakes', () => {
    const machine = new Machine('2026-11-26T22:00');
    const { reached } = watch('06:00', machine);
    machine.sleep(20 * HOUR);
    machine.pass(5);
    expect(reached.mock.calls.length).toBe(1);
  });

  test('a clock that was years wrong when the machine started does not end the night', () => {
    const machine = new Machine('1970-01-01T00:10');
    const { deadline, reached } = watch('06:00', machine);
    machine.put((Date.parse('2026-11-26T22:00') - machine.wall()) / 1000);
    machine.pass(5);
    expect([reached.mock.calls.length, deadline.describe()]).toEqual([0, '06:00 on 2026-11-27']);
    machine.put(-400 * 24 * HOUR); // and one that is put back by more than a year does not prolong it by one
    machine.pass(5);
    expect(deadline.secondsLeft()).toBeLessThan(24 * HOUR);
  });

  test('a slow correction is no jump', () => {
    const machine = new Machine('2026-11-26T22:00');
    const { jumps } = watch('06:00', machine);
    for (let minute = 0; minute < 60; minute++) {
      machine.pass(60);
      machine.put(1);
    }
    expect(jumps).toEqual([]);
  });
});
