/** What the re-derivations share: rows of a ledger as they lie there, and the figures in plain arithmetic. */
import Database from 'better-sqlite3';
import { expect } from 'vitest';
import { z } from 'zod';
import { VERDICTS } from '../../src/checkers/checker.ts';
import { bootstrapMean, wilson } from '../../src/evaluation/index.ts';
import { complaintKind } from '../../src/reports/reasons.ts';

const list = z.string().transform((text) => z.array(z.string()).parse(JSON.parse(text)));

const judgedRow = z.object({
  round: z.int(),
  purpose: z.enum(['seed', 'prove', 'evaluate']),
  statementId: z.string(),
  index: z.int(),
  text: z.string(),
  tokens: z.int(),
  verdict: z.enum(VERDICTS),
  reason: z.string(),
  axioms: list,
  ms: z.number(),
});

export type Judged = z.infer<typeof judgedRow>;

export class Rows {
  readonly #db: Database.Database;
  constructor(path: string) {
    this.#db = new Database(path, { readonly: true });
  }
  /** Rows of any query, each of the given shape. */
  all<T>(shape: z.ZodType<T>, sql: string, ...values: readonly unknown[]): T[] {
    return z.array(shape).parse(this.#db.prepare(sql).all(...values));
  }
  number(sql: string, ...values: readonly unknown[]): number {
    return z.number().parse(
      this.#db
        .prepare(sql)
        .pluck()
        .get(...values) ?? 0,
    );
  }
  /** A fact's JSON; undefined without one. */
  fact(name: string): unknown {
    const [row] = this.all(z.object({ value: z.string() }), 'SELECT value FROM facts WHERE name = ?', name);
    return row === undefined ? undefined : JSON.parse(row.value);
  }
  metric(name: string, round?: number): number | null {
    const rows = this.all(
      z.object({ value: z.number() }),
      `SELECT value FROM metrics WHERE name = ? ${round === undefined ? '' : `AND round = ${round}`}`,
      name,
    );
    return rows.length === 0 ? null : total(rows.map((r) => r.value));
  }
  /** Every judged attempt, in an order that no figure may depend on. */
  judged(): Judged[] {
    return this.all(
      judgedRow,
      `SELECT round, purpose, statement_id AS statementId, sample_index AS "index", text, length(tokens) / 4 AS tokens,
         verdict, reason, axioms, ms FROM verdicts JOIN attempts ON id = attempt_id ORDER BY reason, id DESC`,
    );
  }
  close(): void {
    this.#db.close();
  }
}

export const total = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
export const mean = (values: readonly number[]) => total(values) / values.length;
export const proofsIn = (rows: readonly Judged[]) => rows.filter((r) => r.verdict === 'proved');
export const faultsIn = (rows: readonly Judged[]) => rows.filter((r) => r.verdict === 'fault');

/** Rows by statement, statements in order. */
export const byStatement = (rows: readonly Judged[]) =>
  [...Map.groupBy(rows, (r) => r.statementId)].sort(([a], [b]) => (a < b ? -1 : 1));

/** 1 − C(n−c,k)/C(n,k), factor by factor. */
export function passAtK(n: number, c: number, k: number): number {
  let failing = 1;
  for (let i = 0; i < k; i++) failing *= Math.max(0, n - c - i) / (n - i);
  return 1 - failing;
}

/** The interval a row of rates has: Wilson where each is decided by all of its n = k attempts, or all are 0 or all 1. */
export function interval(rates: readonly number[], allAttempts: boolean, seed: number) {
  const decided = allAttempts || [0, rates.length].includes(total(rates));
  const bounds = decided
    ? wilson(rates.filter((rate) => rate === 1).length, rates.length)
    : bootstrapMean(rates, { seed });
  return { estimate: mean(rates), ...bounds, method: decided ? ('wilson' as const) : ('bootstrap' as const) };
}

export const doublings = (most: number) => [1, 2, 4, 8, 16, 32, 64].filter((k) => k <= most);

export function rateBins<T extends object>(
  rates: readonly number[],
  row: (count: number, inside: readonly number[]) => T,
) {
  const edges = [
    ['0', -1, 0],
    ['to ¼', 0, 0.25],
    ['to ½', 0.25, 0.5],
    ['to ¾', 0.5, 0.75],
    ['below 1', 0.75, 1 - 1e-9],
    ['1', 1 - 1e-9, 1],
  ] as const;
  return edges.map(([label, above, upTo]) => {
    const inside = rates.flatMap((rate, i) => (rate > above && rate <= upTo ? [i] : []));
    return { label, ...row(inside.length, inside) };
  });
}

export function lengthBins(proofs: readonly Judged[]) {
  const edges = [0, 10, 20, 40, 80, 160, 320, 640, 1e9];
  return edges.slice(1).map((edge, i) => ({
    label: edge === 1e9 ? 'over 640' : `to ${edge}`,
    proofs: proofs.filter(({ text }) => text.length > (edges[i] ?? 0) && text.length <= edge).length,
  }));
}

/** The commonest, ties by name. */
export function counted(names: readonly string[]): { name: string; count: number }[] {
  return [...Map.groupBy(names, (name) => name)]
    .map(([name, members]) => ({ name, count: members.length }))
    .sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
}

export function reasonRows(rows: readonly Judged[], most: number) {
  const failed = rows.filter((r) => r.verdict !== 'proved');
  return counted(failed.map((r) => `${complaintKind(r.reason)}\n${r.verdict}`))
    .slice(0, most)
    .map(({ name, count }) => {
      const [reason = '', verdict] = name.split('\n');
      return { verdict: z.enum(VERDICTS).parse(verdict), reason, count };
    });
}

export const axiomRows = (proofs: readonly Judged[]) =>
  counted(proofs.flatMap((p) => p.axioms)).map(({ name, count }) => ({ axiom: name, proofs: count }));

/** The shortest, ties by text. */
export function shortest(rows: readonly Judged[]): { text: string; axioms: string[] } | null {
  const [first] = proofsIn(rows).sort((a, b) => a.text.length - b.text.length || (a.text < b.text ? -1 : 1));
  return first === undefined ? null : { text: first.text, axioms: first.axioms };
}

/** Equal, numbers to 1e-9; a key that only one side has is a difference. */
export function expectSameFigures(found: unknown, derived: unknown): void {
  const near = (value: unknown): unknown => {
    if (typeof value === 'number') return Number.isInteger(value) ? value : expect.closeTo(value, 9);
    if (Array.isArray(value)) return value.map(near);
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, near(inner)]));
    return value;
  };
  expect(found).toStrictEqual(near(derived));
}
