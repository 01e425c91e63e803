/** The Python that these tests run the trainer with: LAKATOS_PYTHON, or python3 where it has what the trainer needs. */
import { execa } from 'execa';

export const PYTHON = process.env.LAKATOS_PYTHON ?? 'python3';

const imports = await execa(PYTHON, ['-c', 'import torch, transformers, peft, safetensors'], {
  reject: false,
});

/** Why tests of the trainer cannot run here; null when they can. */
export const MISSING: string | null = imports.failed
  ? `${PYTHON} cannot import what trainer/requirements.txt lists (${imports.stderr.split('\n').at(-1) ?? imports.message}); name one that can in LAKATOS_PYTHON`
  : null;

if (MISSING !== null) console.warn(`skipped: ${MISSING}`);
