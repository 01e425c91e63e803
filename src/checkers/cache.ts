/**
 * Nothing judged twice: a checker that remembers verdicts in a file. A verdict is remembered under everything that
 * decides it: toolchain, rules (a hash of the judging code), limits, and the attempt's own texts.
 *
 * Remembered: `proved`, `rejected`, `forbidden`. Not remembered: `fault`, which is no verdict on the attempt, and
 * `timeout` and `memory`, which depend on how busy and how large the machine is: remembered, one bad minute would
 * cost an attempt its reward for ever. Identical attempts at the same moment are the wrapped checker's affair.
 */
import { z } from 'zod';
import type { Statement } from '../statements/statement.ts';
import { faultAnswer } from './answers.ts';
import type { Attempt, Checker, Inspection, InspectOptions, Source, Verdict } from './checker.ts';
import { attemptHash, type Standing } from './standing.ts';
import { unordered } from './stream.ts';
import { VerdictStore } from './verdict-store.ts';

/** Verdicts of other rules or limits are not taken over. */
export interface VerdictCacheOptions extends Omit<Standing, 'toolchain'> {
  /** The SQLite file; made with its folder when missing. */
  readonly path: string;
  /** Most verdicts kept, the oldest go first; default 1,000,000 (about 400 MB). */
  readonly maxEntries?: number;
  /** Attempts asked of the wrapped checker at once; default 64. More than it has workers keeps it busy. */
  readonly concurrency?: number;
  /** Told when the file is damaged or cannot be written any more. */
  readonly warn?: (message: string) => void;
}

export function withVerdictCache(checker: Checker, options: VerdictCacheOptions): Checker {
  return new CachedChecker(checker, options);
}

/** Loose: what else a checker says of a verdict is kept with it. */
const remembered = z.looseObject({
  verdict: z.enum(['proved', 'rejected', 'forbidden']),
  reason: z.string(),
  axioms: z.array(z.string()),
  premises: z.array(z.string()),
  ms: z.number(), // as it took then: objectives weigh proofs by it
});

class CachedChecker implements Checker {
  readonly toolchain: string;
  readonly #checker: Checker;
  readonly #store: VerdictStore;
  readonly #standing: Standing;
  readonly #concurrency: number;

  constructor(checker: Checker, options: VerdictCacheOptions) {
    const { path, maxEntries = 1_000_000, rules, limits, concurrency = 64, warn = () => {} } = options;
    this.toolchain = checker.toolchain;
    this.#checker = checker;
    this.#store = new VerdictStore({ path, maxEntries, warn });
    this.#standing = { toolchain: checker.toolchain, rules, limits };
    this.#concurrency = concurrency;
  }

  judge(attempts: Source<Attempt>): AsyncIterable<Verdict> {
    return unordered(attempts, this.#concurrency, (attempt) => this.#judgeOne(attempt));
  }

  inspect(statements: Source<Statement>, options?: InspectOptions): AsyncIterable<Inspection> {
    return this.#checker.inspect(statements, options);
  }

  async close(): Promise<void> {
    await this.#checker.close();
    this.#store.close();
  }

  async #judgeOne(attempt: Attempt): Promise<Verdict> {
    const key = attemptHash(this.#standing, attempt);
    const known = this.#recall(key);
    if (known) return { id: attempt.id, ...known };
    for await (const { id, ...answer } of this.#checker.judge([attempt])) {
      if (remembered.safeParse(answer).success) this.#store.put(key, JSON.stringify(answer));
      return { id, ...answer };
    }
    return { id: attempt.id, ...faultAnswer('the checker gave no verdict') };
  }

  #recall(key: Uint8Array): z.infer<typeof remembered> | undefined {
    const text = this.#store.get(key);
    if (text === undefined) return undefined;
    try {
      return remembered.parse(JSON.parse(text));
    } catch {
      return undefined; // a row that does not read is judged again
    }
  }
}
