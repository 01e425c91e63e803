/**
 * The counter between requests and the checker: takes attempts in while there is room, gives every attempt exactly
 * one verdict whatever the checker does, and knows how long a client should stay away when there is none.
 */
import { faultAnswer, notInspected } from '../checkers/answers.ts';
import type { Attempt, Checker, Inspection, InspectOptions, Verdict } from '../checkers/checker.ts';
import type { Statement } from '../statements/statement.ts';
import type { ServeMetrics } from './metrics.ts';
import { HttpProblem } from './problem.ts';

export interface DeskOptions {
  readonly checker: Checker;
  /** Most attempts and statements waiting or in work, all requests together. */
  readonly maxQueue: number;
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
  #depth = 0;
  #lastDone: number | undefined;
  /** Smoothed time between two verdicts of a busy desk, seconds. */
  #interval = 0.1;

  constructor(options: DeskOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  get toolchain(): string {
    return this.#options.checker.toolchain;
  }

  get depth(): number {
    return this.#depth;
  }

  /** Takes the attempts in at once, or throws an `HttpProblem`. `field` is what the request calls the list. */
  judge(attempts: readonly Attempt[], field: string): AsyncIterableIterator<Verdict> {
    const { checker, metrics } = this.#options;
    const accepted = this.#now();
    return this.#answerAll(attempts, field, {
      ask: () => checker.judge(attempts),
      failed: (id, reason) => ({ id, ...faultAnswer(reason) }),
      given: (verdict) => metrics.verdict(verdict, (this.#now() - accepted) / 1000),
    });
  }

  inspect(
    statements: readonly Statement[],
    options: InspectOptions,
    field: string,
  ): AsyncIterableIterator<Inspection> {
    const ask = () => this.#options.checker.inspect(statements, options);
    return this.#answerAll(statements, field, {
      ask,
      failed: (id, reason) => ({ id, ...notInspected(`fault: ${reason}`) }),
      given: () => {},
    });
  }

  #answerAll<Answer extends WithId>(questions: readonly WithId[], field: string, how: Answering<Answer>) {
    this.#admit(questions.length, field);
    const open = new Set(questions.map(({ id }) => id));
    const answers = this.#answers(open, how);
    /** A reader may leave before it has begun, when no `finally` of the generator would run. */
    const leave = (): void => {
      this.#leave(open.size);
      open.clear();
    };
    const reading: AsyncIterableIterator<Answer> = {
      next: () => answers.next(),
      return: async () => {
        leave();
        return await answers.return(undefined);
      },
      [Symbol.asyncIterator]: () => reading,
    };
    return reading;
  }

  async *#answers<Answer extends WithId>(open: Set<string>, how: Answering<Answer>) {
    const give = (answer: Answer): Answer => {
      open.delete(answer.id);
      this.#leave(1);
      how.given(answer);
      return answer;
    };
    try {
      for await (const answer of how.ask()) {
        if (open.size === 0) return; // the reader has left
        if (open.has(answer.id)) yield give(answer);
      }
      for (const id of open) yield give(how.failed(id, 'the checker gave no answer'));
    } catch (error) {
      this.#options.onFailure?.(error);
      const reason = error instanceof Error ? error.message : String(error);
      for (const id of open) yield give(how.failed(id, reason));
    }
  }

  #admit(count: number, field: string): void {
    const { maxQueue } = this.#options;
    if (count > maxQueue)
      throw new HttpProblem(413, `expected at most ${maxQueue} in one request, found ${count}`, field);
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

  #leave(count: number): void {
    if (count === 0) return;
    const now = this.#now();
    if (this.#lastDone !== undefined)
      this.#interval += 0.1 * ((now - this.#lastDone) / 1000 / count - this.#interval);
    this.#lastDone = now;
    this.#setDepth(this.#depth - count);
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

interface Answering<Answer> {
  readonly ask: () => AsyncIterable<Answer>;
  /** The answer to a question that the checker failed to answer. */
  readonly failed: (id: string, reason: string) => Answer;
  readonly given: (answer: Answer) => void;
}
