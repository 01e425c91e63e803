/**
 * The Isabelle checker over a pool of sessions: refuses on the text what no Isabelle needs to see, asks in batches of one
 * header, answers in the contract's words. The judging itself is isabelle/lakatos.ML. Identical questions are asked once.
 *
 * Two tiers, as with Lean. `fast`: the session's word. `strict`: what it accepts counts only once a clean batch build has
 * confirmed it (strict.ts). When they disagree the attempt is `rejected`, its reason begins with `strict:`, and the log is
 * told: it should never happen.
 */
import { join } from 'node:path';
import type { Statement } from '../../statements/statement.ts';
import { notInspected } from '../answers.ts';
import type { Attempt, Checker, Inspection, InspectOptions, Source, Verdict } from '../checker.ts';
import { unreadable } from '../lean/screen.ts';
import { type Outcome, Pool, type PoolEvent } from '../pool.ts';
import { unordered } from '../stream.ts';
import { Batches } from './batches.ts';
import type { Isabelle } from './install.ts';
import { importsOf, type Refusal, refuseProof, refuseStatement } from './policy.ts';
import { expandSledgehammer } from './sledgehammer.ts';
import { type Acceptance, type BuildAnswer, strictWorker } from './strict.ts';
import { type EncodeSymbols, readSymbols } from './symbols.ts';
import type { Question } from './theories.ts';
import { type Batch, type Reply, startWorker } from './worker.ts';

export type IsabelleEvent = PoolEvent | { readonly event: 'strict-disagreement'; readonly reason: string };

export interface IsabelleCheckerOptions {
  /** The session whose heap is loaded. */
  readonly session: string;
  /** Folders with further sessions, e.g. of the AFP. */
  readonly dirs: readonly string[];
  /** Theories of statements that have no header. */
  readonly imports: readonly string[];
  readonly tier: 'fast' | 'strict';
  /** Servers at once. */
  readonly workers: number;
  /** Threads of each. */
  readonly threads: number;
  /** Most questions asked of a session at once. */
  readonly batch: number;
  /** Longest time one attempt may take, milliseconds. */
  readonly wallMs: number;
  /** Beyond the attempts' own time, for writing, parsing and looking; default 10,000. */
  readonly graceMs?: number;
  /** Longest time for a session to start and for the theories of a header to load, milliseconds. */
  readonly startMs: number;
  /** Most resident memory of a server and its ML process, MiB. */
  readonly memoryMb: number;
  /** What the word `sledgehammer` is in a proof: not allowed, or ten methods tried in order. */
  readonly sledgehammer: 'forbid' | 'expand';
  readonly log?: (event: IsabelleEvent) => void;
}

/** Remembered answers; the oldest go first. */
const REMEMBERED = 50_000;
/** A build of many theories beside others: more than the sum of what they took. */
const BUILD_MS = 60_000;

interface Asked {
  readonly imports: readonly string[];
  readonly question: Question;
}

export function createIsabelleChecker(isabelle: Isabelle, options: IsabelleCheckerOptions): Checker {
  return new IsabelleChecker(isabelle, options);
}

class IsabelleChecker implements Checker {
  readonly toolchain: string;
  readonly #options: IsabelleCheckerOptions;
  readonly #encode: EncodeSymbols;
  readonly #sessions: Pool<Batch, readonly Reply[]>;
  readonly #builds: Pool<readonly Acceptance[], BuildAnswer>;
  readonly #questions: Batches<Asked, Reply>;
  readonly #acceptances: Batches<Acceptance, Reply | null>;
  readonly #remembered = new Map<string, Promise<Reply>>();
  /** Sessions that are still coming to their end. */
  readonly #ending = new Set<Promise<void>>();

  constructor(isabelle: Isabelle, options: IsabelleCheckerOptions) {
    const { session, workers, batch, wallMs, graceMs = 10_000, startMs, memoryMb, log } = options;
    this.toolchain = `${isabelle.name} (${session})`;
    this.#options = options;
    this.#encode = readSymbols([isabelle.homeUser, isabelle.home].map((dir) => join(dir, 'etc', 'symbols')));
    const common = { maxRssBytes: memoryMb * 2 ** 20, ...(log ? { onEvent: log } : {}) };
    this.#sessions = new Pool({
      ...common,
      workers,
      // Sessions keep the time of a batch themselves; this is for one that cannot.
      wallMs: 2 * startMs + batch * wallMs + graceMs,
      start: (signal) => startWorker(isabelle, options, (ended) => this.#awaitEnd(ended), signal),
      faultIn: (replies) => faultOfAll(replies),
    });
    this.#builds = new Pool({
      ...common,
      workers: 1,
      wallMs: startMs + BUILD_MS + batch * wallMs,
      start: async () => strictWorker(isabelle, options),
      faultIn: (answer) => (answer.kind === 'fault' ? answer.reason : undefined),
    });
    this.#questions = new Batches({
      lanes: workers,
      most: batch,
      kindOf: ({ imports }) => imports.join('\n'),
      run: (asked) => this.#answerAll(asked),
    });
    this.#acceptances = new Batches({
      lanes: 1,
      most: batch,
      kindOf: () => '',
      run: (acceptances) => this.#confirmAll(acceptances),
    });
  }

  judge(attempts: Source<Attempt>): AsyncIterable<Verdict> {
    return unordered(attempts, this.#concurrency, (attempt) => this.#judgeOne(attempt));
  }

  inspect(statements: Source<Statement>, options: InspectOptions = {}): AsyncIterable<Inspection> {
    return unordered(statements, this.#concurrency, (statement) => this.#inspectOne(statement, options));
  }

  async close(): Promise<void> {
    await Promise.all([this.#sessions.close(), this.#builds.close()]);
    await Promise.all(this.#ending);
  }

  get #concurrency(): number {
    const { workers, batch } = this.#options;
    return 2 * workers * batch;
  }

  async #judgeOne({ id, statement, proof: written }: Attempt): Promise<Verdict> {
    const none = { id, axioms: [], premises: [], ms: 0 };
    const said = this.#encode(written);
    const proof = this.#options.sledgehammer === 'expand' ? expandSledgehammer(said) : said;
    const text = this.#encode(statement.text);
    const imports = this.#screen(statement, text, proof);
    if ('verdict' in imports) return { ...none, ...imports };
    const question = { op: 'judge', statement: text, proof, forbidden: statement.forbidden } as const;
    const reply = await this.#once({ imports, question });
    if ('failure' in reply) return { ...none, verdict: reply.failure, reason: reply.reason };
    if ('verdict' in reply.answer) return { ...none, ...reply.answer };
    return { ...none, verdict: 'fault', reason: 'the session answered another question' };
  }

  async #inspectOne(statement: Statement, { probes = [] }: InspectOptions): Promise<Inspection> {
    const text = this.#encode(statement.text);
    const imports = this.#screen(statement, text);
    if ('verdict' in imports) return { id: statement.id, ...notInspected(imports.reason) };
    const reply = await this.#once({ imports, question: { op: 'inspect', statement: text, probes } });
    if ('failure' in reply) return { id: statement.id, ...notInspected(`${reply.failure}: ${reply.reason}`) };
    if ('ok' in reply.answer) return { id: statement.id, ...reply.answer };
    return { id: statement.id, ...notInspected('fault: the session answered another question') };
  }

  /** The theories before the statement, or why the texts are refused. */
  #screen(statement: Statement, text: string, proof?: string): readonly string[] | Refusal {
    const bad = unreadable(statement) ?? (proof === undefined ? undefined : unreadable({ proof }));
    if (bad !== undefined) return { verdict: 'rejected', reason: bad };
    const refused = refuseStatement(text) ?? (proof === undefined ? undefined : refuseProof(proof));
    return refused ?? importsOf(statement.header, this.#options.imports);
  }

  /** The answer already had, or being had, to the very same question; confirmed where it must be. */
  #once(asked: Asked): Promise<Reply> {
    const key = JSON.stringify(asked);
    const known = this.#remembered.get(key);
    if (known) return known;
    const reply = this.#answer(asked).then((had) => {
      if (isPassing(had)) this.#remembered.delete(key);
      return had;
    });
    this.#remembered.set(key, reply);
    if (this.#remembered.size > REMEMBERED) {
      const [oldest] = this.#remembered.keys();
      if (oldest !== undefined) this.#remembered.delete(oldest);
    }
    return reply;
  }

  async #answer(asked: Asked): Promise<Reply> {
    const reply = await this.#questions.ask(asked);
    const { imports, question } = asked;
    if (!isAcceptance(reply) || question.op !== 'judge' || this.#options.tier === 'fast') return reply;
    const { statement, proof } = question;
    return (await this.#acceptances.ask({ imports, statement, proof })) ?? reply;
  }

  /** A batch of which something was not answered is asked again one by one. */
  async #answerAll(asked: readonly Asked[]): Promise<readonly Reply[]> {
    const imports = asked[0]?.imports ?? [];
    const outcome = await this.#sessions.run({ imports, questions: asked.map(({ question }) => question) });
    const replies = outcome.kind === 'answer' ? outcome.answer : asked.map(() => failureOf(outcome));
    if (asked.length === 1) return replies;
    return Promise.all(
      replies.map(async (reply, i) => {
        if (!('failure' in reply) || reply.header) return reply;
        const [alone = reply] = await this.#answerAll(asked.slice(i, i + 1));
        return alone;
      }),
    );
  }

  /** null for what is confirmed. A batch that is not confirmed as a whole is built again one by one. */
  async #confirmAll(batch: readonly Acceptance[]): Promise<readonly (Reply | null)[]> {
    const outcome = await this.#builds.run(batch);
    const { kind, reason = '' } = outcome.kind === 'answer' ? { reason: '', ...outcome.answer } : outcome;
    if (kind === 'confirmed') return batch.map(() => null);
    if (batch.length > 1) return (await Promise.all(batch.map((one) => this.#confirmAll([one])))).flat();
    if (kind !== 'refused') return [{ failure: kind, reason: `strict: ${reason}` }];
    this.#options.log?.({ event: 'strict-disagreement', reason: `strict: ${reason}` });
    return [{ failure: 'rejected', reason: `strict: ${reason}` }];
  }

  #awaitEnd(ended: Promise<void>): void {
    this.#ending.add(ended);
    void ended.finally(() => this.#ending.delete(ended));
  }
}

/** What another minute may answer otherwise: it is asked again when it comes again. */
const isPassing = (reply: Reply): boolean =>
  'failure' in reply
    ? reply.failure !== 'rejected'
    : 'verdict' in reply.answer && ['timeout', 'memory'].includes(reply.answer.verdict);

const isAcceptance = (reply: Reply): boolean =>
  'answer' in reply && 'verdict' in reply.answer && reply.answer.verdict === 'proved';

const failureOf = (outcome: Exclude<Outcome<never>, { kind: 'answer' }>): Reply => ({
  failure: outcome.kind,
  reason: outcome.reason,
});

/** A batch without a single answer, by the session's fault: a fresh one is asked. Not for a header. */
function faultOfAll(replies: readonly Reply[]): string | undefined {
  const faults = replies.flatMap((reply) =>
    'failure' in reply && reply.failure === 'fault' && !reply.header ? reply.reason : [],
  );
  return faults.length === replies.length ? faults[0] : undefined;
}
