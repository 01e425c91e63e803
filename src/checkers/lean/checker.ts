/**
 * The Lean checker over a pool of judges: screens what no Lean needs to see, asks the pool, answers in the contract's
 * words. The judging itself is lean/Judging.lean. Identical questions are asked once.
 *
 * Two tiers. `fast`: the judge's word. `strict`: what a judge accepts counts only once the verifier (lean/Verify.lean),
 * in a process that never elaborates a proof, has accepted the same constants as data. When they disagree the
 * attempt is `rejected`, with a reason that begins with `strict:`, and the log is told: it should never happen.
 */
import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { z } from 'zod';
import type { Statement } from '../../statements/statement.ts';
import { type InspectionAnswer, inspectionAnswer, isFault, notInspected, verdictAnswer } from '../answers.ts';
import type { Attempt, Checker, Inspection, InspectOptions, Source, Verdict } from '../checker.ts';
import { type Outcome, Pool, type PoolEvent, type PoolOptions } from '../pool.ts';
import { unordered } from '../stream.ts';
import { embeddedRuntime } from './embedded.ts';
import { judgeProgram, verifyProgram } from './programs.ts';
import type { LeanRuntime } from './runtime.ts';
import { unreadable } from './screen.ts';
import { asWorker, type LeanRequest } from './worker.ts';

export const TIERS = ['fast', 'strict'] as const;
export type Tier = (typeof TIERS)[number];

export type LeanEvent =
  | PoolEvent
  /** The judge accepted what the verifier does not. */
  | { readonly event: 'strict-disagreement'; readonly reason: string };

export interface LeanCheckerOptions {
  /** Default `strict`. Verifiers are processes of their own, started with the first acceptances. */
  readonly tier?: Tier;
  /** Lean processes at once, about 2.5 GB each; default: one a core, at most 2. */
  readonly workers?: number;
  /** Keep one process more than that started, so that a kill does not stall the queue; default false. */
  readonly spare?: boolean;
  /** Longest time one attempt may take, milliseconds; default 20,000. */
  readonly wallMs?: number;
  /** Lean's own limit on elaboration, in its unit of a thousand allocations; default 20,000. */
  readonly maxHeartbeats?: number;
  /** Most resident memory of a process, MiB; default 4,096. */
  readonly memoryMb?: number;
  /** A process that has answered this many requests is replaced; default 20,000. */
  readonly maxUses?: number;
  readonly log?: (event: LeanEvent) => void;
}

export interface EmbeddedLeanCheckerOptions extends LeanCheckerOptions {
  /** Where the library is unpacked once; default `~/.cache/lakatos`. */
  readonly cacheDir?: string;
}

/** Remembered answers; the oldest go first. Not their questions, which may be long. */
const REMEMBERED = 50_000;
/** A large library read from a cold disk, or a start on a machine that does much else, takes minutes. */
const START_MS = 1_800_000;

/** With the accepted constants, for the verifier. */
const provedAnswer = verdictAnswer.extend({ proof: z.unknown().optional() });
const ownFault = z.object({ fault: z.string() });
const answerSchema = z.union([provedAnswer, inspectionAnswer, ownFault]);
type Answer = z.infer<typeof answerSchema>;
type ProvedAnswer = z.infer<typeof provedAnswer>;
type Asked = Outcome<Answer>;

export function createEmbeddedLeanChecker(options: EmbeddedLeanCheckerOptions = {}): Checker {
  const { cacheDir } = options;
  return createLeanChecker(embeddedRuntime(cacheDir === undefined ? {} : { cacheDir }), options);
}

export function createLeanChecker(runtime: LeanRuntime, options: LeanCheckerOptions = {}): Checker {
  return new LeanChecker(runtime, options);
}

/** A verification costs about what a judgement does, and only acceptances have one: a minority, in training. */
export const verifiersFor = (workers: number): number => Math.ceil(workers / 4);

class LeanChecker implements Checker {
  readonly toolchain: string;
  readonly #judges: Pool<LeanRequest, Answer>;
  readonly #verifiers: Pool<LeanRequest, Answer>;
  readonly #strict: boolean;
  readonly #workers: number;
  readonly #heartbeats: number;
  readonly #log: (event: LeanEvent) => void;
  readonly #remembered = new Map<string, Promise<Asked>>();

  constructor(runtime: LeanRuntime, options: LeanCheckerOptions) {
    this.toolchain = runtime.toolchain;
    this.#strict = options.tier !== 'fast';
    this.#workers = options.workers ?? Math.min(2, availableParallelism());
    this.#heartbeats = options.maxHeartbeats ?? 20_000;
    this.#log = options.log ?? (() => {});
    const poolOf = (program: readonly string[], more: { workers: number; spare?: boolean }) =>
      new Pool({ ...poolOptions(runtime, program, options), ...more });
    const { spare = false } = options;
    this.#judges = poolOf(judgeProgram(runtime.version), { workers: this.#workers, spare });
    this.#verifiers = poolOf(verifyProgram(runtime.version), { workers: verifiersFor(this.#workers) });
  }

  judge(attempts: Source<Attempt>): AsyncIterable<Verdict> {
    return this.#batch(attempts, (attempt, unsettled) => this.#judgeOne(attempt, unsettled));
  }

  inspect(statements: Source<Statement>, options: InspectOptions = {}): AsyncIterable<Inspection> {
    return this.#batch(statements, (statement, unsettled) => this.#inspectOne(statement, options, unsettled));
  }

  /** Within a batch no question is asked again; after it, those are that ran out of time or memory: the machine was busy. */
  async *#batch<T, R>(
    items: Source<T>,
    ask: (item: T, unsettled: Set<string>) => Promise<R>,
  ): AsyncGenerator<R> {
    const unsettled = new Set<string>();
    try {
      yield* unordered(items, this.#workers * 2, (item) => ask(item, unsettled));
    } finally {
      for (const key of unsettled) this.#remembered.delete(key);
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#judges.close(), this.#verifiers.close()]);
  }

  async #judgeOne({ id, statement, proof }: Attempt, unsettled: Set<string>): Promise<Verdict> {
    const none = { id, axioms: [], premises: [], ms: 0 };
    const bad = unreadable(statement) ?? unreadable({ proof });
    if (bad !== undefined) return { ...none, verdict: 'rejected', reason: bad };
    const question = { op: 'judge', ...asked(statement), proof, strict: this.#strict };
    const outcome = await this.#once(question, unsettled, () => this.#judgeTwice(question));
    if (outcome.kind !== 'answer') return { ...none, verdict: outcome.kind, reason: outcome.reason };
    if ('verdict' in outcome.answer) return { id, ...outcome.answer };
    return { ...none, verdict: 'fault', reason: 'the judge answered another question' };
  }

  async #inspectOne(
    statement: Statement,
    { probes = [] }: InspectOptions,
    unsettled: Set<string>,
  ): Promise<Inspection> {
    const { id } = statement;
    const bad = unreadable(statement);
    if (bad !== undefined) return { id, ...notInspected(bad) };
    const ask = async (some: readonly Probe[]) => {
      const question = { op: 'inspect', ...asked(statement), probes: some };
      return inspectionIn(await this.#once(question, unsettled, () => this.#ask(this.#judges, question)));
    };
    const whole = await ask(probes);
    return { id, ...(probes.length > 0 && isSpent(whole) ? await piecemeal(ask, probes) : whole) };
  }

  /** The judge's answer, or where it accepts and the tier is strict, the verifier's. */
  async #judgeTwice(question: Readonly<Record<string, unknown>>): Promise<Asked> {
    const first = await this.#ask(this.#judges, question);
    if (first.kind !== 'answer' || !('verdict' in first.answer)) return first;
    const { proof, ...judged } = first.answer;
    if (!this.#strict || judged.verdict !== 'proved') return { kind: 'answer', answer: judged };
    const { proof: _, ...statement } = question;
    const second = await this.#ask(this.#verifiers, { ...statement, op: 'verify', proof });
    if (second.kind !== 'answer') return { kind: second.kind, reason: `strict: ${second.reason}` };
    if (!('verdict' in second.answer)) return { kind: 'fault', reason: 'strict: an answer to nothing asked' };
    return { kind: 'answer', answer: this.#agreed(judged, second.answer) };
  }

  #agreed(judged: ProvedAnswer, verified: ProvedAnswer): ProvedAnswer {
    const ms = judged.ms + verified.ms;
    if (verified.verdict === 'proved') return { ...judged, axioms: verified.axioms, ms };
    const reason = `strict: ${verified.reason}`;
    // Time is no disagreement: the verifier's kernel may be given less of it.
    if (verified.verdict === 'timeout') return { ...verified, reason, ms };
    this.#log({ event: 'strict-disagreement', reason });
    return { verdict: 'rejected', reason, axioms: [], premises: [], ms };
  }

  #ask(pool: Pool<LeanRequest, Answer>, question: Readonly<Record<string, unknown>>): Promise<Asked> {
    return pool.run({ ...question, heartbeats: this.#heartbeats });
  }

  /** The answer already had, or being had, to the very same question. Faults are not remembered. */
  #once(
    question: Readonly<Record<string, unknown>>,
    unsettled: Set<string>,
    ask: () => Promise<Asked>,
  ): Promise<Asked> {
    const key = createHash('sha256').update(JSON.stringify(question)).digest('base64');
    const known = this.#remembered.get(key);
    if (known) return known;
    const asked = ask().then((outcome) => {
      if (outcome.kind === 'fault') this.#remembered.delete(key);
      else if (outcome.kind !== 'answer') unsettled.add(key);
      return outcome;
    });
    this.#remembered.set(key, asked);
    if (this.#remembered.size > REMEMBERED) {
      const [oldest] = this.#remembered.keys();
      if (oldest !== undefined) this.#remembered.delete(oldest);
    }
    return asked;
  }
}

type Probe = NonNullable<InspectOptions['probes']>[number];
const FOUND_BY = { hollow: 'hollow', trivial: 'trivial', refute: 'refuted' } as const;

/** A probe that exhausts the judge finds nothing; what can be said without it is said. */
async function piecemeal(
  ask: (some: readonly Probe[]) => Promise<InspectionAnswer>,
  probes: readonly Probe[],
): Promise<InspectionAnswer> {
  let known = await ask([]);
  if (!known.ok) return known;
  for (const probe of probes) {
    const alone = await ask([probe]);
    const field = FOUND_BY[probe];
    if (isFault(alone)) return alone;
    known = { ...known, [field]: alone[field], ms: known.ms + alone.ms };
  }
  return known;
}

function inspectionIn(outcome: Asked): InspectionAnswer {
  if (outcome.kind !== 'answer') return notInspected(`${outcome.kind}: ${outcome.reason}`);
  if ('ok' in outcome.answer) return outcome.answer;
  return notInspected('fault: the judge answered another question');
}

/** Of Lean itself `reason` begins with `statement:` or `header:`. */
const isSpent = ({ ok, reason }: InspectionAnswer): boolean => !ok && /^(timeout|memory):/.test(reason);

function poolOptions(
  runtime: LeanRuntime,
  program: readonly string[],
  options: LeanCheckerOptions,
): Omit<PoolOptions<LeanRequest, Answer>, 'workers'> {
  return {
    wallMs: options.wallMs ?? 20_000,
    maxRssBytes: (options.memoryMb ?? 4_096) * 2 ** 20,
    maxUses: options.maxUses ?? 20_000,
    startMs: START_MS,
    start: async (signal) => asWorker(await runtime.start(program), parseAnswer, signal),
    faultIn: (answer) => ('fault' in answer ? answer.fault : undefined),
    ...(options.log === undefined ? {} : { onEvent: options.log }),
  };
}

const parseAnswer = (answer: unknown): Answer => answerSchema.parse(answer);

const asked = ({ header, text, forbidden }: Statement) => ({ header, statement: text, forbidden });
