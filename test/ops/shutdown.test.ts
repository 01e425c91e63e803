import { EventEmitter } from 'node:events';
import { afterEach, expect, test, vi } from 'vitest';
import { exitCodeOf, StoppedError } from '../../src/ops/errors.ts';
import { listenForShutdown } from '../../src/ops/shutdown.ts';

afterEach(() => void vi.useRealTimers());

function fakeProcess() {
  const exits: number[] = [];
  const emitter = new EventEmitter();
  const target = Object.assign(emitter, { exit: (code: number) => void exits.push(code) });
  return { target, exits };
}

test('the first signal aborts with a resumable error; the second ends the process at once', () => {
  const { target, exits } = fakeProcess();
  const told = vi.fn();
  const { signal } = listenForShutdown(target, told);
  target.emit('SIGINT', 'SIGINT');
  expect(signal.reason).toBeInstanceOf(StoppedError);
  expect(exitCodeOf(signal.reason)).toBe(75);
  expect(signal.reason.message).toMatch(/^Stopped by SIGINT; run the same command again/);
  expect([told.mock.calls.length, exits]).toEqual([1, []]);
  target.emit('SIGTERM', 'SIGTERM');
  expect([told.mock.calls.length, exits]).toEqual([1, [75]]);
});

test('the first cause of stopping is kept, and a signal after a deadline is still the first signal', () => {
  const { target, exits } = fakeProcess();
  const { signal, stop } = listenForShutdown(target);
  stop('the deadline at 07:00');
  target.emit('SIGTERM', 'SIGTERM');
  expect(signal.reason.message).toContain('the deadline at 07:00');
  expect(exits).toEqual([]);
});

test('disposed, it leaves no listener behind', () => {
  const { target } = fakeProcess();
  listenForShutdown(target).dispose();
  expect([target.listenerCount('SIGINT'), target.listenerCount('SIGTERM')]).toEqual([0, 0]);
});

test('work that does not end within the grace is ended with the process, once that is said', () => {
  vi.useFakeTimers();
  const { target, exits } = fakeProcess();
  const over = vi.fn();
  listenForShutdown(target, () => {}, { seconds: 60, onOver: over });
  vi.advanceTimersByTime(3_600_000);
  target.emit('SIGTERM', 'SIGTERM');
  vi.advanceTimersByTime(59_999);
  expect([over.mock.calls.length, exits]).toEqual([0, []]);
  vi.advanceTimersByTime(1);
  expect([over.mock.calls.length, exits]).toEqual([1, [75]]);
});

test('work that ended in time is left alone', () => {
  vi.useFakeTimers();
  const { target, exits } = fakeProcess();
  const { stop, dispose } = listenForShutdown(target, () => {}, { seconds: 60, onOver: () => {} });
  stop('the deadline at 06:00');
  dispose();
  vi.advanceTimersByTime(3_600_000);
  expect(exits).toEqual([]);
});
