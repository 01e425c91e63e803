/**
 * Gathers single questions into batches of one kind for workers that answer many at once: whatever waits when a lane is
 * free, oldest first. It decides what goes together and nothing else.
 */

export interface BatchOptions<Request, Answer> {
  /** Batches being answered at once. */
  readonly lanes: number;
  /** Most requests of a batch. */
  readonly most: number;
  /** Only requests of the same kind share a batch. */
  readonly kindOf: (request: Request) => string;
  /** One answer a request, in order. */
  readonly run: (batch: readonly Request[]) => Promise<readonly Answer[]>;
}

interface Waiting<Request, Answer> {
  readonly request: Request;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

export class Batches<Request, Answer> {
  readonly #options: BatchOptions<Request, Answer>;
  #waiting: Waiting<Request, Answer>[] = [];
  #busy = 0;
  #scheduled = false;

  constructor(options: BatchOptions<Request, Answer>) {
    this.#options = options;
  }

  ask(request: Request): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, resolve, reject });
      this.#schedule();
    });
  }

  /** After what is being said in this turn has been said, so that it comes into one batch. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      while (this.#busy < this.#options.lanes && this.#waiting.length > 0) void this.#runOne(this.#take());
    });
  }

  #take(): Waiting<Request, Answer>[] {
    const { kindOf, most } = this.#options;
    const [first] = this.#waiting;
    if (first === undefined) return [];
    const kind = kindOf(first.request);
    const batch = this.#waiting.filter(({ request }) => kindOf(request) === kind).slice(0, most);
    const taken = new Set(batch);
    this.#waiting = this.#waiting.filter((waiting) => !taken.has(waiting));
    return batch;
  }

  async #runOne(batch: readonly Waiting<Request, Answer>[]): Promise<void> {
    this.#busy++;
    try {
      const answers = await this.#options.run(batch.map(({ request }) => request));
      for (const [i, waiting] of batch.entries()) {
        const answer = answers[i];
        if (answer === undefined) waiting.reject(new Error(`${answers.length} answers to ${batch.length}`));
        else waiting.resolve(answer);
      }
    } catch (error) {
      for (const waiting of batch) waiting.reject(error);
    } finally {
      this.#busy--;
      this.#schedule();
    }
  }
}
