/** `lakatos report`: the report of a run or of an evaluation once more, from its ledger alone. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { settingsIn } from '../evaluation/settings.ts';
import { openLedger } from '../ledger/index.ts';
import { UsageError } from '../ops/errors.ts';
import {
  evalReportSchema,
  runReportSchema,
  summariseEvaluation,
  writeEvalReport,
  writeRunReport,
} from '../reports/index.ts';
import { requireWritable } from './writable.ts';

export async function reportCommand(dir: string): Promise<void> {
  const path = join(dir, 'ledger.sqlite');
  if (!existsSync(path)) throw new UsageError(`${dir} holds no run: expected ${path}.`);
  requireWritable(dir, 'report');
  const ledger = openLedger(path, { readonly: true });
  try {
    const config = ledger.run.read()?.config;
    process.stdout.write(
      config !== undefined && settingsIn(config) !== undefined
        ? summariseEvaluation(writeEvalReport(ledger, dir))
        : writeRunReport(ledger, dir),
    );
  } finally {
    ledger.close();
  }
}

const SCHEMAS = new Map<string, z.ZodType>([
  ['run', runReportSchema],
  ['evaluation', evalReportSchema],
]);

/** What a reader of report.json may rely on; `version` in it changes when this breaks. */
export function schemaCommand(kind: string): void {
  const schema = SCHEMAS.get(kind);
  if (schema === undefined) throw new UsageError(`schema: expected run or evaluation, found ${kind}.`);
  process.stdout.write(`${JSON.stringify(z.toJSONSchema(schema), null, 2)}\n`);
}
