/**
 * One checker for statements of every language: each goes to its own, which is opened when first needed. A language whose
 * checker cannot be opened has its attempts answered with `fault` and the reason, said once; the others are judged.
 */
import { describeError } from '../ops/errors.ts';
import type { Language, Statement } from '../statements/statement.ts';
import { faultAnswer, notInspected } from './answers.ts';
import type { Attempt, Checker, Inspection, InspectOptions, Source, Verdict } from './checker.ts';
import { unordered } from './stream.ts';

export type OpenCheckers = Readonly<Record<Language, () => Checker>>;

export interface ByLanguageOptions {
  /** Opened at once; when that fails, so does this. */
  readonly first: Language;
  /** Statements in hand at once; enough to keep the checkers busy. */
  readonly concurrency: number;
  /** Told once of each checker that cannot be opened. */
  readonly warn: (message: string) => void;
}

export function byLanguage(open: OpenCheckers, options: ByLanguageOptions): Checker {
  return new LanguageRouter(open, options);
}

class LanguageRouter implements Checker {
  readonly #open: OpenCheckers;
  readonly #options: ByLanguageOptions;
  /** The checker, or why there is none. */
  readonly #opened = new Map<Language, Checker | string>();

  constructor(open: OpenCheckers, options: ByLanguageOptions) {
    this.#open = open;
    this.#options = options;
    this.#opened.set(options.first, open[options.first]());
  }

  /** Of every checker opened so far. */
  get toolchain(): string {
    const opened = [...this.#opened.values()];
    return opened.flatMap((checker) => (typeof checker === 'string' ? [] : checker.toolchain)).join('; ');
  }

  judge(attempts: Source<Attempt>): AsyncIterable<Verdict> {
    return unordered(attempts, this.#options.concurrency, async (attempt): Promise<Verdict> => {
      const checker = this.#checkerOf(attempt.statement.language);
      if (typeof checker === 'string') return { id: attempt.id, ...faultAnswer(checker) };
      for await (const verdict of checker.judge([attempt])) return verdict;
      return { id: attempt.id, ...faultAnswer('the checker gave no verdict') };
    });
  }

  inspect(statements: Source<Statement>, options?: InspectOptions): AsyncIterable<Inspection> {
    return unordered(statements, this.#options.concurrency, async (statement): Promise<Inspection> => {
      const checker = this.#checkerOf(statement.language);
      if (typeof checker === 'string') return { id: statement.id, ...notInspected(`fault: ${checker}`) };
      for await (const inspection of checker.inspect([statement], options)) return inspection;
      return { id: statement.id, ...notInspected('fault: the checker gave no answer') };
    });
  }

  async close(): Promise<void> {
    const opened = [...this.#opened.values()];
    await Promise.all(opened.map((checker) => (typeof checker === 'string' ? undefined : checker.close())));
  }

  #checkerOf(language: Language): Checker | string {
    const known = this.#opened.get(language);
    if (known !== undefined) return known;
    const checker = this.#tryToOpen(language);
    this.#opened.set(language, checker);
    return checker;
  }

  #tryToOpen(language: Language): Checker | string {
    try {
      return this.#open[language]();
    } catch (error) {
      const why = `cannot be judged: ${describeError(error)}`;
      this.#options.warn(`Statements of the language ${language} ${why}`);
      return why;
    }
  }
}
