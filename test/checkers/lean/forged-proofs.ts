/**
 * What a judge under a candidate's control could send the verifier, and what the verifier must say. The statement is
 * `theorem t : False` unless said otherwise; `theorem t : True` where the honest part is what matters.
 */
import type { VerdictKind } from '../../../src/checkers/checker.ts';

type Entry = readonly (string | number)[];

/** The data as Judging.lean writes it. */
export interface ProofData {
  readonly names: readonly Entry[];
  readonly levels: readonly Entry[];
  readonly exprs: readonly Entry[];
  readonly constants: readonly unknown[];
}

export interface ForgedCase {
  readonly title: string;
  readonly statement: string;
  readonly proof: unknown;
  readonly verdict: VerdictKind;
  readonly reason: string | RegExp;
  readonly forbidden?: readonly string[];
}

const NAMES: readonly Entry[] = [
  [0, 't'],
  [0, 'True'],
  [2, 'intro'],
  [0, 'False'],
  [0, 'sorryAx'],
  [0, 'helper'],
  [0, 'Lean'],
  [7, 'trustCompiler'],
  [0, 'Nat'],
  [9, 'add_comm'],
  [0, 'nowhere'],
  [0, 'Bool'],
  [12, 'true'],
  [1, 'match_1'],
  [0, 'u_1'],
  [0, 'Unit'],
];
const at = (text: string): number => {
  const known = ['', 't', 'True', 'True.intro', 'False', 'sorryAx', 'helper', 'Lean', 'Lean.trustCompiler'];
  const more = ['Nat', 'Nat.add_comm', 'nowhere', 'Bool', 'Bool.true', 't.match_1', 'u_1', 'Unit'];
  return [...known, ...more].indexOf(text);
};
/** 0 True, 1 True.intro, 2 False, 3 helper, 4 t */
const EXPRS: readonly Entry[] = ['True', 'True.intro', 'False', 'helper', 't'].map((c) => ['const', at(c)]);
const [TRUE, INTRO, FALSE, HELPER, SELF] = [0, 1, 2, 3, 4] as const;

const constant = (name: string, type: number, value: number, more: object = {}) => ({
  kind: 'theorem',
  name: at(name),
  levels: [],
  type,
  value,
  hints: null,
  ...more,
});

const data = (
  constants: readonly unknown[],
  exprs: readonly Entry[] = [],
  levels: readonly Entry[] = [],
): ProofData => ({
  names: NAMES,
  levels,
  exprs: [...EXPRS, ...exprs],
  constants,
});

/** The first expression of a case's own. */
const OWN = EXPRS.length;
const HONEST = constant('t', TRUE, INTRO);

/**
 * `theorem t : match true with | true => False | _ => True`, whose `t.match_1` always takes the second branch: of the
 * right type, and the statement would be `True`.
 */
function otherMatch(): ProofData {
  const exprs: Entry[] = [];
  const add = (...entry: Entry): number => OWN + exprs.push(entry) - 1;
  const pi = (domain: number, body: number) => add('pi', domain, body);
  const lam = (domain: number, body: number) => add('lam', domain, body);
  const app = (...terms: number[]) => terms.reduce((f, a) => add('app', f, a));
  const named = (name: string) => add('const', at(name));
  const bool = named('Bool');
  const yes = named('Bool.true');
  const unit = named('Unit');
  const v0 = add('bvar', 0);
  const v2 = add('bvar', 2);
  const v3 = add('bvar', 3);
  const motive = pi(bool, add('sort', 1));
  const first = pi(unit, app(v2, yes));
  const second = pi(bool, app(v3, v0));
  const type = pi(motive, pi(bool, pi(first, pi(second, app(v3, v2)))));
  const value = lam(motive, lam(bool, lam(first, lam(second, app(v0, v2)))));
  const prop = lam(bool, add('sort', 0));
  const stated = app(add('const', at('t.match_1'), 2), prop, yes, lam(unit, FALSE), lam(bool, TRUE));
  return data(
    [
      constant('t.match_1', type, value, { kind: 'definition', levels: [at('u_1')], hints: 'abbrev' }),
      constant('t', stated, INTRO),
    ],
    exprs,
    [
      ['param', at('u_1')],
      ['succ', 0],
    ],
  );
}

const forged = (
  verdict: VerdictKind,
  title: string,
  statement: string,
  proof: unknown,
  reason: string | RegExp,
  more: Partial<ForgedCase> = {},
): ForgedCase => ({ verdict, title, statement: `theorem t : ${statement}`, proof, reason, ...more });

export const FORGED: readonly ForgedCase[] = [
  forged('proved', 'an honest proof', 'True', data([HONEST]), 'proved'),
  forged(
    'proved',
    'an honest proof with a helper',
    'True',
    data([constant('helper', TRUE, INTRO), constant('t', TRUE, HELPER)]),
    'proved',
  ),
  forged('rejected', 'a value of another type', 'False', data([constant('t', FALSE, INTRO)]), /^kernel: /),
  forged(
    'forbidden',
    'a proof of another statement',
    'False',
    data([HONEST]),
    'the theorem proved is not the statement',
  ),
  forged(
    'forbidden',
    'universe parameters that the statement does not have',
    'True',
    data([constant('t', TRUE, INTRO, { levels: [at('helper')] })]),
    'the theorem proved has other universe parameters than the statement',
  ),
  forged(
    'forbidden',
    'a definition for the statement',
    'True',
    data([constant('t', TRUE, INTRO, { kind: 'definition', hints: 'abbrev' })]),
    'the statement came back as a definition',
  ),
  ...['axiom', 'opaque', 'unsafe definition', 'inductive', 'quot', ''].map((kind) =>
    forged(
      'forbidden',
      `a helper of kind '${kind}'`,
      'False',
      data([constant('helper', FALSE, INTRO, { kind }), constant('t', FALSE, HELPER)]),
      `the proof adds helper of kind '${kind}', neither a theorem nor a definition`,
    ),
  ),
  forged(
    'forbidden',
    'another True.intro',
    'True',
    data([constant('True.intro', TRUE, INTRO), HONEST]),
    'the proof adds True.intro, which is there already',
  ),
  forged(
    'forbidden',
    'another False',
    'False',
    data([
      constant('False', TRUE, INTRO, { kind: 'definition', hints: 'abbrev' }),
      constant('t', FALSE, INTRO),
    ]),
    'the proof adds False, which is there already',
  ),
  forged(
    'forbidden',
    'a helper added twice',
    'True',
    data([constant('helper', TRUE, INTRO), constant('helper', TRUE, INTRO), HONEST]),
    'the proof adds helper, which is there already',
  ),
  forged(
    'rejected',
    'a proof that cites itself',
    'False',
    data([constant('t', FALSE, SELF)]),
    /^kernel: .*t/,
  ),
  forged(
    'rejected',
    'a helper that comes after its use',
    'True',
    data([constant('t', TRUE, HELPER), constant('helper', TRUE, INTRO)]),
    /^kernel: .*helper/,
  ),
  forged(
    'rejected',
    'a constant that is nowhere',
    'True',
    data([constant('t', TRUE, OWN)], [['const', at('nowhere')]]),
    /^kernel: .*nowhere/,
  ),
  forged('rejected', 'no constants at all', 'True', data([]), 'the statement is not among the constants'),
  forged(
    'rejected',
    'only a helper',
    'True',
    data([constant('helper', TRUE, INTRO)]),
    'the statement is not among the constants',
  ),
  forged(
    'forbidden',
    'sorryAx',
    'False',
    // sorryAx.{0} False true
    data(
      [constant('t', FALSE, OWN + 3)],
      [
        ['const', at('sorryAx'), 0],
        ['const', at('Bool.true')],
        ['app', OWN, FALSE],
        ['app', OWN + 2, OWN + 1],
      ],
    ),
    'the proof uses sorryAx',
  ),
  forged(
    'forbidden',
    'an axiom of the library that is not allowed',
    'True',
    data([constant('t', TRUE, OWN)], [['const', at('Lean.trustCompiler')]]),
    'the proof uses Lean.trustCompiler',
  ),
  forged(
    'rejected',
    'an expression that holds itself',
    'True',
    data([constant('t', TRUE, OWN)], [['app', OWN, OWN]]),
    `malformed data: entry ${OWN} of ${OWN}`,
  ),
  forged(
    'rejected',
    'a bound variable without a binder',
    'True',
    data([constant('t', TRUE, OWN)], [['bvar', 0]]),
    /^kernel: /,
  ),
  forged(
    'forbidden',
    'another meaning for a match in the statement',
    'match true with | true => False | _ => True',
    otherMatch(),
    'the proof adds t.match_1, which is something else in the statement',
  ),
  forged(
    'rejected',
    'a universe parameter twice',
    'True',
    data([constant('helper', TRUE, INTRO, { levels: [at('u_1'), at('u_1')] }), HONEST]),
    /^kernel: .*u_1/,
  ),
  forged(
    'rejected',
    'a universe parameter out of nowhere',
    'True',
    data(
      [constant('helper', TRUE, OWN + 2), HONEST],
      [
        ['sort', 1],
        ['lam', OWN, INTRO],
        ['app', OWN + 1, TRUE],
      ],
      [['param', at('u_1')]],
    ),
    /^kernel: .*u_1/,
  ),
  forged(
    'rejected',
    'a projection out of what is no structure',
    'True',
    data([constant('t', TRUE, OWN)], [['proj', at('Nat'), 0, INTRO]]),
    /^kernel: .*projection/,
  ),
  forged(
    'rejected',
    'a projection beyond Lean’s counters',
    'True',
    data([constant('t', TRUE, OWN)], [['proj', at('True'), 2 ** 32, INTRO]]),
    'malformed data: projection 4294967296',
  ),
  forged(
    'rejected',
    'levels deeper than Lean’s counters',
    'True',
    data(
      [HONEST],
      [],
      Array.from({ length: 100_001 }, (_, i) => ['succ', i] as const),
    ),
    'malformed data: 100001 levels',
  ),
  forged(
    'rejected',
    'a bound variable beyond Lean’s counters',
    'True',
    data([constant('t', TRUE, OWN)], [['bvar', 2_000_000]]),
    'malformed data: bound variable 2000000',
  ),
  ...(
    [
      ['a negative literal', ['nat', '-1'], 'a literal'],
      ['a fractional index', ['bvar', 1.5], 'a number'],
      ['a free variable', ['fvar', 1], "an expression of kind 'fvar'"],
      ['a metavariable', ['mvar', 1], "an expression of kind 'mvar'"],
      ['a missing part', ['app', 0], 'a number was expected'],
      ['an entry without a kind', [], 'a text was expected'],
    ] as const
  ).map(([title, entry, why]) =>
    forged('rejected', title, 'True', data([constant('t', TRUE, OWN)], [entry]), `malformed data: ${why}`),
  ),
  forged('rejected', 'no data', 'True', undefined, 'the statement is not among the constants'),
  forged('rejected', 'data of another shape', 'True', [1, 2], 'the statement is not among the constants'),
  forged(
    'forbidden',
    'what the request forbids',
    'True',
    data([HONEST]),
    'the proof cites True.intro, which is what is to be proved',
    { forbidden: ['True.intro'] },
  ),
  forged('rejected', 'a statement that does not elaborate', 'nonsense', data([HONEST]), /^statement: /),
  forged(
    'forbidden',
    'a statement with sorry',
    '(sorry : Prop)',
    data([HONEST]),
    'sorry is not allowed in a statement',
  ),
];
