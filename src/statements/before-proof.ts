/** A statement ends before its proof; where that is, each language says in its own way. */
import { cutStatement } from './cut.ts';
import type { Language } from './statement.ts';
import { cutTheorem } from './theory-file.ts';

export function cutBeforeProof(language: Language, text: string): string {
  return language === 'lean' ? cutStatement(text) : cutTheorem(text);
}
