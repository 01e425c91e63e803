/** What the double says of a question: a list of proofs that hold, and a few words that make it misbehave. */
import { createHash } from 'node:crypto';

export interface Judgement {
  readonly messages: readonly string[];
  readonly act: 'answer' | 'hang' | 'die' | 'drop' | 'fail';
}

/** Proposition → proofs of it that Isabelle accepts, and what they use. */
const HOLDS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  '(n::nat) + 0 = n': {
    'by simp': ['Nat.add_0_right'],
    'by auto': ['Nat.add_0_right'],
    'by (rule add_0_right)': ['Nat.add_0_right'],
  },
  'a + b = b + (a::nat)': {
    'by simp': ['Groups.add.commute'],
    'by (rule add.commute)': ['Groups.add.commute'],
  },
  'rev (rev xs) = xs': { 'by simp': ['List.rev_rev_ident'] },
  '\\<forall>x. P x \\<Longrightarrow> P a': { 'by blast': [] },
};

export const unhex = (digits: string): string => Buffer.from(digits, 'hex').toString('utf8');

/** @param words of `lakatos_judge NONCE MS STATEMENT PROOF FORBIDDEN` or `lakatos_inspect NONCE MS STATEMENT PROBES` */
export function judge(words: readonly string[]): Judgement {
  const [command, nonce = '', millis = '', statement = '', last = '', names = ''] = words;
  if (!/^\d+$/.test(millis)) return { messages: [], act: 'answer' }; // Outer syntax error: no natural number
  const proposition = /"([^"]*)"\s*$/.exec(unhex(statement))?.[1] ?? '';
  if (command === 'lakatos_inspect') return said(nonce, inspection(proposition));
  const proof = unhex(last);
  const act = (['hang', 'die', 'drop', 'fail'] as const).find((word) => proof.includes(`(${word})`));
  if (act) return { messages: [], act };
  if (proof.includes('(mute)')) return { messages: [], act: 'answer' };
  if (proof.includes('(garble)')) return { messages: [`${nonce} {oops`], act: 'answer' };
  if (proof.includes('(raw)')) return said(nonce, verdict('rejected', 'Undefined fact: "∀"'));
  if (proof.includes('(big)')) return said(nonce, verdict('rejected', 'x'.repeat(2_000_000)));
  if (proof.includes('(twice)')) {
    const { messages } = said(nonce, verdict('proved', 'proved'));
    return { messages: [...messages, ...messages], act: 'answer' };
  }
  if (proof.includes('(deep)')) return said(nonce, verdict('memory', 'out of stack or memory'));
  if (proof.includes('(loop)')) return said(nonce, verdict('timeout', `no end within ${millis} ms`));
  const premises = HOLDS[proposition]?.[proof];
  if (!premises) return said(nonce, verdict('rejected', 'Failed to apply initial proof method (line 1):'));
  const cited = premises.filter((name) => unhex(names).split('\n').includes(name));
  if (cited.length > 0) return said(nonce, verdict('forbidden', `uses ${cited}, which is not allowed here`));
  return said(nonce, verdict('proved', 'proved', premises));
}

const verdict = (kind: string, reason: string, premises: readonly string[] = []) => ({
  verdict: kind,
  reason,
  premises,
  ms: 3,
});

function inspection(proposition: string) {
  const ok = !proposition.includes('nonsense');
  const hash = createHash('sha256').update(proposition.replace(/\s+/g, '')).digest('hex').slice(0, 16);
  const none = { constants: [], aliases: [], hollow: null, trivial: null, refuted: null, ms: 2 };
  return { ok, reason: ok ? '' : 'Inner syntax error', typeHash: ok ? hash : '', ...none };
}

const hex = (text: string): string => Buffer.from(text, 'utf8').toString('hex');

const said = (nonce: string, answer: object): Judgement => ({
  messages: [`${nonce} ${hex(JSON.stringify(answer))}`],
  act: 'answer',
});
