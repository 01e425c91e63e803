/**
 * What the conjecturer is asked: (seed, its proof, a lemma that proof uses). Pure; propose.ts samples from them.
 *
 * STP Algorithm 1, lines 3–6, and RL/utils/RL_utils.py:383–416, with one change: the trivial lemma has a share of its
 * own instead of a coin that the released code re-tosses every round.
 */
import { type Random, shuffled } from '../../ops/seeds.ts';
import { type ConjectureInput, trivialLemma } from '../../prompts/prompts.ts';
import type { Statement } from '../../statements/statement.ts';

/** A proved statement and one of its proofs. */
export interface ProvedSeed {
  readonly statement: Statement;
  readonly proof: string;
  readonly premises: readonly string[];
}

export interface LemmaInput extends ConjectureInput {
  /** '' for the trivial lemma. */
  readonly lemmaName: string;
}

export interface InputRules {
  /** Inputs wanted. */
  readonly count: number;
  readonly trivialLemmaShare: number;
  /** No lemma stands in more than this share of the inputs, but each may stand in one. */
  readonly maxPerLemma: number;
}

/**
 * At most `count` distinct (seed, lemma) inputs in random order: the trivial lemma's share first, then real lemmas
 * under their cap, then, if those run out, trivial ones again.
 *
 * @param lemmas library lemma → its statement; premises outside it are not offered
 */
export function conjectureInputs(
  seeds: readonly ProvedSeed[],
  lemmas: ReadonlyMap<string, string>,
  rules: InputRules,
  random: Random,
): LemmaInput[] {
  const trivial = shuffled(seeds, random).map((s) => inputOf(s, '', trivialLemma(s.statement.language)));
  const real = shuffled(
    seeds.flatMap((s) =>
      [...new Set(s.premises)].flatMap((name) => {
        const text = lemmas.get(name);
        return text === undefined ? [] : [inputOf(s, name, text)];
      }),
    ),
    random,
  );
  const trivialCount = Math.min(trivial.length, Math.round(rules.count * rules.trivialLemmaShare));
  const cappedFor = (size: number) => {
    const capped = capPerLemma(real, Math.max(1, Math.floor(size * rules.maxPerLemma)));
    const chosen = [...trivial.slice(0, trivialCount), ...capped.slice(0, rules.count - trivialCount)];
    return [...chosen, ...trivial.slice(trivialCount, trivialCount + rules.count - chosen.length)];
  };
  // Where inputs run out, fewer of a lemma are its share of what is left; that makes them fewer still.
  let [size, inputs] = [rules.count, cappedFor(rules.count)];
  while (inputs.length < size) {
    size = inputs.length;
    inputs = cappedFor(size);
  }
  return shuffled(inputs, random);
}

const inputOf = (s: ProvedSeed, lemmaName: string, lemma: string): LemmaInput => ({
  seed: s.statement,
  seedProof: s.proof,
  lemmaName,
  lemma,
});

function capPerLemma(inputs: readonly LemmaInput[], cap: number): LemmaInput[] {
  const used = new Map<string, number>();
  return inputs.filter(({ lemmaName }) => {
    const count = (used.get(lemmaName) ?? 0) + 1;
    used.set(lemmaName, count);
    return count <= cap;
  });
}
