/**
 * Which saved policies and bundles a run directory can do without, and their removal. Kept: the latest ones, the one
 * the run goes on from, and the one that did best on the held-out problems. Reports need none of the files; the ledger
 * goes on naming what was removed. Policies outside the run directory are never touched.
 *
 * What a killed save left behind goes too: directories that no ledger row names. Only under the run directory's lock.
 */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Ledger } from '../ledger/index.ts';
import { currentPolicy } from '../selfplay/versions.ts';

/** Paths removed, relative to the run directory. */
export function rotate(ledger: Ledger, dir: string, keep: number): string[] {
  if (keep === 0) return [];
  const saved = ledger.policies.list().filter((p) => p.parent !== null && p.path.startsWith('policies/'));
  const made = madeIn(ledger);
  const versions = saved.map((p) => p.version).sort((a, b) => (made.get(a) ?? 0) - (made.get(b) ?? 0));
  const dropped = new Set(
    expendable(versions, {
      keep,
      needed: [currentPolicy(ledger)?.version, bestPolicy(ledger)].flatMap((v) => v ?? []),
    }),
  );
  const bundles = new Map(ledger.bundles.list().map((b) => [b.hash, b.path]));
  const expired = saved
    .filter((p) => dropped.has(p.version))
    .flatMap((p) => [p.path, bundles.get(p.bundleHash ?? '') ?? '']);
  const known = new Set(saved.map((p) => p.path));
  const stray = listed(join(dir, 'policies'))
    .map((name) => `policies/${name}`)
    .filter((path) => !known.has(path));
  const present = new Set([
    ...listed(join(dir, 'policies')).map((name) => `policies/${name}`),
    ...listed(join(dir, 'bundles')).map((name) => `bundles/${name}`),
  ]);
  const gone = [...new Set([...expired, ...stray])].filter((path) => present.has(path));
  for (const path of gone) rmSync(join(dir, path), { recursive: true, force: true });
  return gone;
}

/** `versions` from old to new → those that may go. */
export function expendable(
  versions: readonly string[],
  { keep, needed }: { readonly keep: number; readonly needed: readonly string[] },
): string[] {
  return versions.slice(0, Math.max(0, versions.length - keep)).filter((v) => !needed.includes(v));
}

/** By mean pass rate on the held-out problems; the later of two alike. */
export function bestPolicy(ledger: Ledger): string | undefined {
  let best: { readonly version: string; readonly rate: number } | undefined;
  for (const { number, policyIn, policyOut } of ledger.rounds.list()) {
    const rates = ledger.verdicts
      .passRates({ round: number, purpose: 'evaluate' })
      .filter((r) => r.judged > 0)
      .map((r) => r.proved / r.judged);
    if (rates.length === 0) continue;
    const rate = rates.reduce((a, b) => a + b, 0) / rates.length;
    if (best === undefined || rate >= best.rate) best = { version: policyOut ?? policyIn, rate };
  }
  return best?.version;
}

/** Policy version → the round that made it. */
function madeIn(ledger: Ledger): Map<string, number> {
  return new Map(
    ledger.rounds
      .list()
      .toReversed()
      .flatMap(({ number, policyOut }): [string, number][] =>
        policyOut === null ? [] : [[policyOut, number]],
      ),
  );
}

function listed(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return []; // not made yet
  }
}
