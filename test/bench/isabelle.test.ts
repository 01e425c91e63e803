import { expect, test } from 'vitest';
import { compareVerdicts } from '../../bench/isabelle-verdicts.ts';

test('a false accept is told from a proof refused, and from a refusal by another verdict or none', () => {
  const cases = [
    { title: 'right', verdict: 'proved' },
    { title: 'lost', verdict: 'proved' },
    { title: 'cheat', verdict: 'forbidden' },
    { title: 'wrong', verdict: 'rejected' },
    { title: 'slow', verdict: 'timeout' },
    { title: 'silent', verdict: 'rejected' },
  ];
  const said = [
    { id: 'right', verdict: 'proved' },
    { id: 'lost', verdict: 'rejected' },
    { id: 'cheat', verdict: 'proved' },
    { id: 'wrong', verdict: 'rejected' },
    { id: 'slow', verdict: 'rejected' },
  ];
  expect(compareVerdicts(cases, said)).toEqual({
    toProve: { cases: 2, refused: ['lost'] },
    toRefuse: { cases: 4, falseAccepts: ['cheat'], otherVerdicts: ['slow', 'silent'] },
  });
});
