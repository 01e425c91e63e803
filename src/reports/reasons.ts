/** What kind of complaint a reason is: checkers append goals, hints and counterexamples, different at every attempt. */
/** Where the particulars begin: the goal, a hypothesis (`n : Nat`, `a b : Int`), a hint, a witness. */
const PARTICULARS =
  /\n| (?:case |Note: |Hint: |⊢ |use `|You may )|: a possible counterexample|(?<=contain free variables) |(?<=unsolved goals) | (?=(?:\p{L}[₀-₉\d'✝]* )+: )/u;

/** The complaint without particulars; names stay. */
export function complaint(reason: string): string {
  const [start = ''] = reason.split(PARTICULARS, 1);
  return start
    .replace(/<?\w+>?:\d+:\d+:?\s*/g, '')
    .trim()
    .slice(0, 160);
}

/** The kind of complaint: like ones count together whatever names and numbers they speak of; tactics keep theirs. */
export function complaintKind(reason: string): string {
  return anonymous(complaint(reason).replace(/`(\w+)`(?= failed| made no progress)/g, '$1'));
}

/** The first line with quoted names and numbers taken out, so that like reasons count together. */
export function anonymous(reason: string): string {
  const line = reason.split('\n', 1)[0] ?? '';
  const nameless = line.replace(/`[^`]*`|'[^']*'|"[^"]*"|\d+/g, '…').trim();
  return nameless.length > 100 ? `${nameless.slice(0, 99)}…` : nameless;
}
