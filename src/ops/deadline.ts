/**
 * When a night ends: `06:00` is the next time the wall clock shows that, here, summer time included;
 * `2026-11-27T06:00` is that minute, past or not. The wall clock decides, looked at every few seconds, for a timer
 * set in the evening knows nothing of a clock that is put right at midnight or of a machine that slept.
 *
 * A clock put forward or back stays believed, with one exception: put right by more than a week it was never right
 * (a machine that starts before it has asked for the time), and the next 06:00 is counted from the new time.
 */
import { UsageError } from './errors.ts';

export interface Clocks {
  /** Milliseconds since the epoch, as the machine believes now. */
  readonly wall: () => number;
  /** Milliseconds, any origin, never backwards. */
  readonly steady: () => number;
}

export interface Deadline {
  /** Milliseconds since the epoch. */
  at(): number;
  /** Until then, by the wall clock; negative afterwards. */
  secondsLeft(): number;
  /** e.g. `06:00 on 2026-11-27`. */
  describe(): string;
}

export interface DeadlineWatch extends Deadline {
  stop(): void;
}

export interface DeadlineHooks {
  /** Told once. */
  readonly onReached: () => void;
  /** Told when the wall clock moved otherwise than time did; seconds, negative when it was put back. */
  readonly onJump: (seconds: number) => void;
}

export const SYSTEM_CLOCKS: Clocks = { wall: Date.now, steady: () => performance.now() };

/** Milliseconds since the epoch that no correction of the clock disturbs: for measuring how long something took. */
export const steadyNow = (): number => Math.round(performance.timeOrigin + performance.now());

const LOOK_MS = 5_000;
const JUMP_MS = 30_000;
const WEEK_MS = 7 * 24 * 3_600_000;

/** `text` is checked; throws `UsageError`. */
export function watchDeadline(
  text: string,
  { onReached, onJump }: DeadlineHooks,
  clocks: Clocks = SYSTEM_CLOCKS,
): DeadlineWatch {
  const parsed = parseDeadline(text);
  let at = instantOf(parsed, clocks.wall());
  let seen = { wall: clocks.wall(), steady: clocks.steady() };
  const look = () => {
    const now = { wall: clocks.wall(), steady: clocks.steady() };
    const jump = now.wall - seen.wall - (now.steady - seen.steady);
    seen = now;
    if (Math.abs(jump) > WEEK_MS) at = instantOf(parsed, now.wall);
    if (Math.abs(jump) > JUMP_MS) onJump(jump / 1000);
    if (now.wall < at) return;
    clearInterval(timer);
    onReached();
  };
  const timer = setInterval(look, LOOK_MS).unref();
  return {
    at: () => at,
    secondsLeft: () => (at - clocks.wall()) / 1000,
    describe: () => describeInstant(at),
    stop: () => clearInterval(timer),
  };
}

type ParsedDeadline =
  | { readonly kind: 'daily'; readonly hour: number; readonly minute: number }
  | { readonly kind: 'once'; readonly at: number };

export function parseDeadline(text: string): ParsedDeadline {
  const [, hour, minute] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text) ?? [];
  if (hour !== undefined) return { kind: 'daily', hour: Number(hour), minute: Number(minute) };
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(at)) return { kind: 'once', at };
  throw new UsageError(
    `--until: expected a local time such as 06:00 (the next one) or 2026-11-27T06:00, found ${JSON.stringify(text)}.`,
    '--until',
  );
}

/** The next such time after `now`; a time that summer time skips is as much later as the clock is put forward. */
export function instantOf(deadline: ParsedDeadline, now: number): number {
  if (deadline.kind === 'once') return deadline.at;
  const day = new Date(now);
  const on = (days: number) =>
    new Date(
      day.getFullYear(),
      day.getMonth(),
      day.getDate() + days,
      deadline.hour,
      deadline.minute,
    ).getTime();
  return on(0) > now ? on(0) : on(1);
}

/** `06:00 on 2026-11-27`, local time. */
function describeInstant(at: number): string {
  const local = localMinute(at);
  return `${local.slice(11)} on ${local.slice(0, 10)}`;
}

/** `2026-11-27T06:00`, local time: what `--until` takes. */
export function localMinute(at: number): string {
  const date = new Date(at);
  const two = (n: number) => String(n).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}`;
}
