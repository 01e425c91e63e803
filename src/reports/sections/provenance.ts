/** Provenance: what somebody needs to get these figures again. */
import { facts, section, table } from '../elements.ts';
import { machineText } from '../format.ts';
import { type Content, html } from '../markup.ts';
import type { RunReport } from '../report-data.ts';

export function provenanceSection({ provenance, run }: RunReport): Content {
  const { machine, versions, policies, datasetFingerprint: prints } = provenance;
  const code = (text: string) => html`<code>${text}</code>`;
  return section(
    'provenance',
    'Provenance',
    html`<p>Every figure above is derived from the run’s ledger; <code>lakatos report</code> writes this page again from it.</p>`,
    facts([
      ['Run', code(run.id)],
      ['Proof assistant', provenance.toolchain],
      [
        'Problem set',
        prints === null
          ? provenance.dataset
          : html`${provenance.dataset}, fingerprint ${code(prints.train)} (trained on) and ${code(prints.heldout)} (held out)`,
      ],
      ['Tokenizer', provenance.tokenizer === null ? 'not recorded' : code(provenance.tokenizer)],
      ['Prompts', provenance.prompts === null ? 'not recorded' : code(provenance.prompts)],
      ['Seed', String(provenance.seed)],
      [
        'Versions',
        Object.entries(versions)
          .map(([name, version]) => `${name} ${version}`)
          .join(', '),
      ],
      ['Machine', machineText(machine)],
    ]),
    html`<div style="margin-top:2rem">${table(
      'Policies',
      [{ name: 'version' }, { name: 'learned from' }, { name: 'bundle' }],
      policies.map((p) => [
        code(p.version),
        p.parent === null ? '–' : code(p.parent),
        p.bundle === null ? '–' : code(p.bundle.slice(0, 16)),
      ]),
    )}</div>`,
    html`<details style="margin-top:1.5rem"><summary><span style="flex:1">Configuration</span></summary>
<div class="body"><pre><code>${JSON.stringify(provenance.config, null, 2)}</code></pre></div></details>`,
  );
}
