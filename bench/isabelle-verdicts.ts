/** What a tier says of the conformance cases against what it should say, the two kinds of case apart. */

export interface Expected {
  readonly title: string;
  readonly verdict: string;
}

export function compareVerdicts(
  cases: readonly Expected[],
  said: readonly { readonly id: string; readonly verdict: string }[],
) {
  const verdictOf = new Map(said.map(({ id, verdict }) => [id, verdict]));
  const proved = cases.filter(({ verdict }) => verdict === 'proved');
  const refused = cases.filter(({ verdict }) => verdict !== 'proved');
  const titles = (some: readonly Expected[], wrong: (is: string | undefined, should: string) => boolean) =>
    some.filter(({ title, verdict }) => wrong(verdictOf.get(title), verdict)).map(({ title }) => title);
  return {
    toProve: { cases: proved.length, refused: titles(proved, (is) => is !== 'proved') },
    toRefuse: {
      cases: refused.length,
      falseAccepts: titles(refused, (is) => is === 'proved'),
      otherVerdicts: titles(refused, (is, should) => is !== 'proved' && is !== should),
    },
  };
}
