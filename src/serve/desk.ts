/**
 * The counter between requests and the checker: takes attempts in while there is room, gives every attempt exactly
 * one verdict whatever the checker does, and knows how long a client should stay away when there is none. The checker
 * is handed no more than keeps it busy: what a client leaves behind that is not in its hands yet is never judged, and
 * what is in its hands counts until it is done.
 */
import { faultAnswer, notInspected } from '../checkers/answers.ts';
import type { Attempt, Checker, Inspection, InspectOptions, Verdict } from '../checkers/checker.ts';
import { messageOf } from '../ops/errors.ts';
import type { Statement } from '../statements/statement.ts';
import type { ServeMetrics } from './metrics.ts';
import { HttpProblem } from './problem.ts';

export interface DeskOptions {
  readonly checker: Checker;
  /** Most attempts and statements waiting or in work, all requests together. */
  readonly maxQueue: number;
  /** Most of them in the checker's hands, all requests together; enough to keep it busy. */
  readonly inHand: number;
  readonly metrics: ServeMetrics;
  /** Told when the checker throws instead of giving a verdict. */
  readonly onFailure?: (error: unknown) => void;
  /** Milliseconds, any origin, never backwards. */
  readonly now?: () => number;
}

const LONGEST_WAIT_SECONDS = 60;

export class Desk {
  readonly #options: DeskOptions;
  readonly #now: () => number;
  readonly #hands: Hands;
  #depth = 0;
  #lastDone: number | undefined;
  /** Smoothed time between two verdicts of a busy desk, seconds. */
  #interval = 0.1;

  constructor(options: DeskOptions) {
    this.#options = options;
    this.#hands = new Hands(options.inHand);
    this.#now = options.now ?? (() => performance.now());
  }

  get toolchain(): string {
    return this.#options.checker.toolchain;
  }

  get depth(): number {
    return this.#depth;
  }

  /**
   * Takes the attempts in at once, or throws an `HttpProblem`. `field` is what the request calls the list; `left` says
   * that the client has gone, as does cancelling the answers: then they end.
   */
  judge(attempts: readonly Attempt[], field: string, left?: AbortSignal): ReadableStream<Verdict> {
    const { checker, metrics } = this.#options;
    const accepted = this.#now();
    return this.#answers(attempts, field, left, {
      ask: (handed) => checker.judge(handed),
      failed: (id, reason) => ({ id, ...faultAnswer(reason) }),
      given: (verdict) => metrics.verdict(verdict, (this.#now() - accepted) / 1000),
    });
  }

  inspect(
    statements: readonly Statement[],
    options: InspectOptions,
    field: string,
    left?: AbortSignal,
  ): ReadableStream<Inspection> {
    return this.#answers(statements, field, left, {
      ask: (handed) => this.#options.checker.inspect(handed, options),
      failed: (id, reason) => ({ id, ...notInspected(`fault: ${reason}`) }),
      given: () => {},
    });
  }

  #answers<Question extends WithId, Answer extends WithId>(
    questions: readonly Question[],
    field: string,
    left: AbortSignal | undefined,
    how: Answering<Question, Answer>,
  ): ReadableStream<Answer> {
    this.#admit(questions.length, field);
    const waiting = new Set(questions.map(({ id }) => id));
    const leave = (): void => {
      this.#setDepth(this.#depth - waiting.size);
      waiting.clear();
    };
    let gone = false;
    return new ReadableStream<Answer>({
      start: (reader) => {
        const close = (): void => {
          if (!gone) reader.close();
          gone = true;
          leave();
        };
        left?.addEventListener('abort', close, { once: true });
        if (left?.aborted) close();
        const give = (answer: Answer): void => {
          this.#done();
          how.given(answer);
          if (!gone) reader.enqueue(answer);
        };
        // Not before the caller has had the time to change its mind, e.g. when the other half of a request is refused.
        queueMicrotask(() => void this.#ask(questions, waiting, how, give).then(close));
      },
      cancel: () => {
        gone = true;
        leave();
      },
    });
  }

  /** Gives an answer to each of the questions that have not been taken out of `waiting` by then. */
  async #ask<Question extends WithId, Answer extends WithId>(
    questions: readonly Question[],
    waiting: Set<string>,
    how: Answering<Question, Answer>,
    give: (answer: Answer) => void,
  ): Promise<void> {
    const handed = new Set<string>();
    const settle = (answer: Answer): void => {
      if (handed.delete(answer.id)) this.#hands.give();
      else if (!waiting.delete(answer.id)) return;
      give(answer);
    };
    try {
      for await (const answer of how.ask(this.#handOver(questions, waiting, handed))) settle(answer);
      for (const id of [...handed, ...waiting]) settle(how.failed(id, 'the checker gave no answer'));
    } catch (error) {
      this.#options.onFailure?.(error);
      for (const id of [...handed, ...waiting]) settle(how.failed(id, messageOf(error)));
    }
  }

  async *#handOver<Question extends WithId>(
    questions: readonly Question[],
    waiting: Set<string>,
    handed: Set<string>,
  ): AsyncGenerator<Question> {
    for (const question of questions) {
      await this.#hands.take();
      if (!waiting.delete(question.id)) {
        this.#hands.give();
        return;
      }
      handed.add(question.id);
      yield question;
    }
  }

  #admit(count: number, field: string): void {
    const { maxQueue } = this.#options;
    if (count > maxQueue)
      throw new HttpProblem(
        413,
        `expected at most ${maxQueue} in one request, found ${count}: ask in parts, or serve with a larger --max-queue`,
        field,
      );
    if (this.#depth + count > maxQueue)
      throw new HttpProblem(
        429,
        `${this.#depth} are waiting and at most ${maxQueue} may; come back later`,
        field,
        this.#wait(count),
      );
    if (this.#depth === 0) this.#lastDone = undefined;
    this.#setDepth(this.#depth + count);
  }

  #done(): void {
    const now = this.#now();
    if (this.#lastDone !== undefined)
      this.#interval += 0.1 * ((now - this.#lastDone) / 1000 - this.#interval);
    this.#lastDone = now;
    this.#setDepth(this.#depth - 1);
  }

  /** Until there is room for `count`, at the pace of late; whole seconds. */
  #wait(count: number): number {
    const tooMany = this.#depth + count - this.#options.maxQueue;
    return Math.min(LONGEST_WAIT_SECONDS, Math.max(1, Math.ceil(tooMany * this.#interval)));
  }

  #setDepth(depth: number): void {
    this.#depth = depth;
    this.#options.metrics.queue(depth);
  }
}

interface WithId {
  readonly id: string;
}

interface Answering<Question, Answer> {
  readonly ask: (handed: AsyncIterable<Question>) => AsyncIterable<Answer>;
  /** The answer to a question that the checker failed to answer. */
  readonly failed: (id: string, reason: string) => Answer;
  readonly given: (answer: Answer) => void;
}

/** So many may be held at once; whoever asks first is served first. */
class Hands {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  async take(): Promise<void> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  give(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free++;
  }
}
