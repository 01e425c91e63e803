/**
 * Screen: before any proof is sampled, the checker drops conjectures that cannot teach anything, each with its reason.
 *
 * Order, cheapest first: unreadable, too long, ill-formed (does not elaborate, auto-bound implicits off), duplicate of
 * a conjecture of this run by elaborated type, known (a train problem or a library theorem), held-out (a problem that
 * is only evaluated: learning from it would spoil the measure), near-copy (its seed, rearranged), then the probes: hollow,
 * trivial, refuted. Where the checker itself failed it was asked once more (inspecting.ts); a fault that stays is recorded as one.
 */
import { isFault } from '../checkers/answers.ts';
import type { Inspection } from '../checkers/checker.ts';
import type {
  ConjectureRecord,
  ConjectureStatement,
  ScreeningRecord,
  ScreenOutcome,
} from '../ledger/index.ts';
import { conjectureOf } from '../prompts/completions.ts';
import type { Run } from './run.ts';
import { inspectAll, type Parsed, statementUnderSeed } from './screening/inspecting.ts';
import { isNearCopy } from './screening/near-copy.ts';

type Outcome = Omit<ScreeningRecord, 'conjectureId' | 'typeHash'>;

export async function screen(run: Run, round: number): Promise<() => void> {
  const outcomes = new Map<string, Outcome>();
  const drop = (id: string, outcome: ScreenOutcome, detail: string, parsed = '') =>
    outcomes.set(id, { outcome, detail, parsed, statementId: null });

  const records = run.ledger.conjectures.unscreened(round);
  const readable = parse(records, run, drop);
  const formed = await inspectAll(run, round, readable, [], 'screen: elaborating');
  const novel = dropKnown(run, readable, formed, drop);
  const probed = await inspectAll(run, round, novel, probes(run), 'screen: probing');

  const kept: ConjectureStatement[] = [];
  for (const { record, text } of novel) {
    const seen = formed.get(record.id);
    const probe = probed.get(record.id);
    if (seen === undefined || probe === undefined) continue; // stopped early: stays unscreened
    if (!probe.ok) drop(record.id, 'fault', probe.reason, text);
    else if (probe.hollow !== null) drop(record.id, 'hollow', probe.hollow, text);
    else if (probe.trivial !== null) drop(record.id, 'trivial', probe.trivial, text);
    else if (probe.refuted !== null) drop(record.id, 'refuted', probe.refuted, text);
    else {
      const statement = statementOf(run, record, text, seen);
      kept.push(statement);
      outcomes.set(record.id, { outcome: 'kept', detail: '', parsed: text, statementId: statement.id });
    }
  }
  run.say(`${kept.length} of ${records.length} conjectures pass the screen`, { round, kept: kept.length });
  return () => {
    run.ledger.statements.insert(kept);
    run.ledger.conjectures.insertScreenings(
      [...outcomes].map(([conjectureId, outcome]) => {
        const { ok, typeHash } = formed.get(conjectureId) ?? { ok: false, typeHash: '' };
        // What the checker failed on is not done with: written again, it is screened again.
        return { conjectureId, ...outcome, typeHash: ok && outcome.outcome !== 'fault' ? typeHash : null };
      }),
    );
  };
}

type Drop = (id: string, outcome: ScreenOutcome, detail: string, parsed?: string) => void;

function parse(records: readonly ConjectureRecord[], { config, prompts }: Run, drop: Drop): Parsed[] {
  const { maxChars } = config.screen;
  // A server may call it the limit when the end marker came with the last token.
  const isCut = ({ finish, text }: ConjectureRecord) =>
    finish === 'length' && !prompts.stops.conjecturer.some((end) => text.includes(end));
  const readable: Parsed[] = [];
  for (const record of records) {
    const text = conjectureOf(record.text, prompts.stops.conjecturer, config.data.language);
    if (isCut(record)) drop(record.id, 'unparsed', 'cut at the token limit', text ?? '');
    else if (text === null) drop(record.id, 'unparsed', 'empty');
    else if (text.length > maxChars) drop(record.id, 'too-long', `${text.length} characters`, text);
    else readable.push({ record, text });
  }
  return readable;
}

/**
 * Drops what does not elaborate or has been seen before, kept or not. Of equal conjectures of the round the first stays, and
 * the others name its completion, which the ledger has whatever becomes of it.
 */
function dropKnown(
  run: Run,
  parsed: readonly Parsed[],
  inspections: ReadonlyMap<string, Inspection>,
  drop: Drop,
): Parsed[] {
  const { idsByTypeHash, testHashes } = run.problems;
  const { nearCopies } = run.config.screen;
  const { conjectures, statements } = run.ledger;
  const seen = new Map([...conjectures.idsByTypeHash(), ...statements.idsByTypeHash()]);
  return parsed.filter(({ record, text }) => {
    const inspection = inspections.get(record.id);
    if (inspection === undefined) return false; // stopped early: stays unscreened
    const { ok, reason, typeHash, aliases } = inspection;
    const known = idsByTypeHash.get(typeHash) ?? aliases[0];
    const repeated = seen.get(typeHash);
    if (!ok) drop(record.id, isFault(inspection) ? 'fault' : 'ill-formed', reason, text);
    else if (testHashes.has(typeHash)) drop(record.id, 'held-out', known ?? typeHash, text);
    else if (known !== undefined) drop(record.id, 'known', known, text);
    else if (repeated !== undefined) drop(record.id, 'duplicate', repeated, text);
    else {
      seen.set(typeHash, record.id);
      if (!(nearCopies && isNearCopy(text, textOf(run, record.seedId)))) return true;
      drop(record.id, 'near-copy', record.seedId, text);
    }
    return false;
  });
}

function probes(run: Run): ('hollow' | 'trivial' | 'refute')[] {
  const { hollow, trivial, refute } = run.config.screen;
  return [
    ...(hollow ? ['hollow' as const] : []),
    ...(trivial ? ['trivial' as const] : []),
    ...(refute ? ['refute' as const] : []),
  ];
}

const textOf = (run: Run, statementId: string) => run.ledger.statements.get(statementId)?.text ?? '';

const idOf = (typeHash: string) => `conjecture:${typeHash}`;

function statementOf(
  run: Run,
  record: ConjectureRecord,
  text: string,
  inspection: Inspection,
): ConjectureStatement {
  const { round, seedId, seedProof, lemmaName, lemmaText } = record;
  const { typeHash, constants } = inspection;
  return {
    ...statementUnderSeed(run, record, idOf(typeHash), text),
    source: 'conjecture',
    typeHash,
    constants,
    round,
    seedId,
    seedProof,
    lemmaName,
    lemmaText,
  };
}
