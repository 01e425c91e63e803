/** Makes `reference/` again: `LAKATOS_PYTHON=python3 node test/trainer/make-reference.ts`. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { REFERENCE } from './case.ts';
import { MISSING, PYTHON } from './python.ts';
import { trainReference } from './trained.ts';

if (MISSING !== null) throw new Error(MISSING);
const scratch = await mkdtemp(join(tmpdir(), 'lakatos-reference-'));
try {
  await trainReference(PYTHON, REFERENCE, scratch);
} finally {
  await rm(scratch, { recursive: true, force: true });
}
