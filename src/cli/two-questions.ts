/** Does a judge judge? One proof that it must accept and one that it must not. */
import type { Checker } from '../checkers/checker.ts';
import type { Language } from '../statements/statement.ts';

const QUESTIONS = {
  lean: { text: 'theorem t : 1 + 1 = 2', proof: 'rfl' },
  isabelle: { text: 'theorem t: "(1::nat) + 1 = 2"', proof: 'by simp' },
} as const;

export async function askTwoQuestions(
  checker: Checker,
  language: Language = 'lean',
): Promise<{ right: boolean; said: string }> {
  const { text, proof: good } = QUESTIONS[language];
  const statement = { id: '', language, header: '', text, forbidden: [] };
  const attempts = [good, 'sorry'].map((proof) => ({ id: proof, statement, proof }));
  const verdicts = await Array.fromAsync(checker.judge(attempts));
  const said = verdicts.map(({ id, verdict, reason }) => `${id} ${verdict} (${reason})`).toSorted();
  const right =
    said.some((s) => s.startsWith(`${good} proved`)) && said.some((s) => s.startsWith('sorry forbidden'));
  return { right, said: said.join('; ') };
}
