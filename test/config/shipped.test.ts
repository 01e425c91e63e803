import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'smol-toml';
import { expect, test } from 'vitest';
import { configKeys } from '../../src/config/describe.ts';
import {
  loadConfig,
  OBJECTIVES,
  OBJECTIVES_TOWARDS_SAMPLER,
  OBJECTIVES_WITH_KL,
  OBJECTIVES_WITH_RATIO,
  PASS_RATE_BANDS,
} from '../../src/config/index.ts';
import { OBJECTIVE_NAMES, type ObjectiveSettings, objectives } from '../../src/objectives/index.ts';

const shipped = readdirSync('configs').filter((name) => name.endsWith('.toml'));

test.each(shipped)('%s loads, and so does what it resolves to', (name) => {
  const { config, resolvedToml } = loadConfig({ files: [`configs/${name}`] });
  expect(parse(resolvedToml)).toEqual(JSON.parse(JSON.stringify(config)));
});

test('laptop.toml mentions every key, set or commented out', () => {
  const text = readFileSync('configs/laptop.toml', 'utf8');
  const missing = configKeys()
    .map(({ path }) => path.split('.').at(-1) ?? '')
    .filter((key) => !new RegExp(`^[#\\s]*${key} =|[{ ]${key} =`, 'm').test(text));
  expect(missing).toEqual([]);
});

test('the defaults that laptop.toml documents are the defaults', () => {
  const documented = documentedDefaults(readFileSync('configs/laptop.toml', 'utf8'));
  const actual = new Map(configKeys().map((key) => [key.path, key.default]));
  for (const [path, value] of documented) expect([path, actual.get(path)]).toEqual([path, value]);
  const optional = configKeys().filter((key) => key.default === undefined);
  const inWindow = 2;
  expect(documented.size).toBe(actual.size - optional.length - inWindow);
});

test('every key has a description', () => {
  expect(configKeys().filter((key) => key.description === '')).toEqual([]);
});

test('an objective can be named in a configuration exactly if there is one', () => {
  expect([...OBJECTIVES]).toEqual([...OBJECTIVE_NAMES]);
});

const attempt = { tokens: 1, chars: 1, verifySeconds: 1, truncated: false };
const scored = { ...attempt, policyLogprobs: [-1], refLogprobs: [-1] };
const group = {
  statementId: 's',
  attempts: [
    { ...scored, attemptId: 'a', reward: 1 as const },
    { ...scored, attemptId: 'b', reward: 0 as const },
  ],
};

test('those that need the sampler to be the policy itself are those with an importance ratio', () => {
  const withRatio = OBJECTIVE_NAMES.filter((name) =>
    objectives[name].weigh([group]).attempts.some((a) => a.ratio !== 'none'),
  );
  expect(withRatio).toEqual([...OBJECTIVES_WITH_RATIO]);
});

test('the KL penalties that objectives have by default, and what they pull towards, are known to the configuration', () => {
  const having = (holds: (defaults: ObjectiveSettings) => boolean) =>
    OBJECTIVE_NAMES.filter((name) => holds(objectives[name].defaults));
  expect(having(({ klCoef }) => klCoef > 0)).toEqual([...OBJECTIVES_WITH_KL]);
  expect(having(({ klReference }) => klReference === 'sampler')).toEqual([...OBJECTIVES_TOWARDS_SAMPLER]);
});

test('which objectives learn from a band of pass rates, and from which, is known to the configuration', () => {
  const empty = { minPassRate: 1, maxPassRate: 0 };
  const banded = OBJECTIVE_NAMES.filter(
    (name) => objectives[name].weigh([group], empty).attempts.length === 0,
  );
  const bandOf = ({ minPassRate, maxPassRate }: ObjectiveSettings) => [minPassRate, maxPassRate];
  expect(Object.fromEntries(banded.map((name) => [name, bandOf(objectives[name].defaults)]))).toEqual(
    PASS_RATE_BANDS,
  );
});

/** `key = value  # default X: …` under `[table]` → `table.key` and X. */
function documentedDefaults(text: string): Map<string, unknown> {
  const defaults = new Map<string, unknown>();
  let table = '';
  for (const line of text.split('\n')) {
    table = /^\[(.+)\]$/.exec(line)?.[1] ?? table;
    const match = /^(\w+) = .*# default ("[^"]*"|\[[^\]]*\]|[^:\s]+)/.exec(line);
    if (match) defaults.set(`${table}.${match[1]}`, parse(`x = ${match[2]}`).x);
  }
  return defaults;
}
