/**
 * A quality-diversity archive of conjectures (MAP-Elites, Mouret & Clune 2015, arXiv 1504.04909): one elite a cell, a
 * cell being a kind of statement, so that one family cannot take over however often it is written. Better is harder,
 * then more proof for its length.
 *
 * Of a round's conjectures in one cell the best is placed. It weighs 1 when it opens the cell or beats its elite, and
 * otherwise 1 ÷ (1 + the rounds that placed one there before): what is old news still counts, but less each time
 * (count-based novelty). Pure: the archive is a fold over the rounds' selections.
 */
import { shapeOf } from './shape.ts';

export interface Entry {
  readonly statementId: string;
  readonly statement: string;
  /** The estimate that selection goes by. */
  readonly passRate: number;
  readonly elegance: number | null;
}

export interface Cell {
  readonly elite: Entry;
  /** Rounds that placed a conjecture here. */
  readonly visits: number;
}

/** Cell name → what is there. */
export type Archive = ReadonlyMap<string, Cell>;

const MOST_HYPOTHESES = 3;

/** Form of the conclusion, heads of its sides, hypotheses (0, 1, 2, 3+) and length (doublings of 16 characters). */
export function cellOf(statement: string): string {
  const { form, heads, hypotheses } = shapeOf(statement);
  const length = Math.max(0, Math.ceil(Math.log2(statement.length / 16)));
  return [form, heads.join(' '), Math.min(hypotheses, MOST_HYPOTHESES), length].join(' | ');
}

/** The best of each cell, with its weight. */
export function placements(archive: Archive, entries: readonly Entry[]): Map<string, number> {
  return new Map(
    [...bestByCell(entries)].map(([name, entry]) => {
      const cell = archive.get(name);
      const news = cell === undefined || better(entry, cell.elite) < 0;
      return [entry.statementId, news ? 1 : 1 / (1 + cell.visits)];
    }),
  );
}

/** The archive after a round that placed these, at most one a cell counting. */
export function withPlaced(archive: Archive, placed: readonly Entry[]): Archive {
  const next = new Map(archive);
  for (const [name, entry] of bestByCell(placed)) {
    const cell = archive.get(name);
    const elite = cell === undefined || better(entry, cell.elite) < 0 ? entry : cell.elite;
    next.set(name, { elite, visits: (cell?.visits ?? 0) + 1 });
  }
  return next;
}

function bestByCell(entries: readonly Entry[]): Map<string, Entry> {
  const best = new Map<string, Entry>();
  for (const entry of entries.toSorted(better)) {
    const name = cellOf(entry.statement);
    if (!best.has(name)) best.set(name, entry);
  }
  return best;
}

/** Negative when `a` is better; the last word has the id, so that the order in which they came has none. */
function better(a: Entry, b: Entry): number {
  return (
    a.passRate - b.passRate ||
    (b.elegance ?? 0) - (a.elegance ?? 0) ||
    (a.statementId < b.statementId ? -1 : 1)
  );
}
