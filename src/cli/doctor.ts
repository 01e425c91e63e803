/**
 * `lakatos doctor`: what judges here, what it is shut in with, and what is missing. It looks and changes nothing, but for
 * `--try`, which starts the judges and asks each two questions. Exit code 1 when something would keep a run from working.
 */
import { accessSync, constants, existsSync } from 'node:fs';
import { availableParallelism, freemem, totalmem } from 'node:os';
import { dirname } from 'node:path';
import type { Checker } from '../checkers/checker.ts';
import { findIsabelle, isTested, NO_ISABELLE, requireHeap, TESTED } from '../checkers/isabelle/install.ts';
import { verifiersFor } from '../checkers/lean/checker.ts';
import { defaultCacheDir, EMBEDDED_TOOLCHAIN } from '../checkers/lean/embedded.ts';
import { type Isolation, isolation } from '../checkers/lean/isolation.ts';
import { findNativeLean } from '../checkers/lean/native.ts';
import { isAsked, openLeanRuntime } from '../checkers/lean/open.ts';
import type { LeanRuntime } from '../checkers/lean/runtime.ts';
import { type Config, loadConfig } from '../config/index.ts';
import { LakatosError } from '../ops/errors.ts';
import { ownBytesOfTree } from '../ops/memory.ts';
import type { Language } from '../statements/statement.ts';
import { openLocalChecker } from './open-checker.ts';
import { askTwoQuestions } from './two-questions.ts';

export interface Finding {
  readonly topic: string;
  /** `problem`: a run would not work. `note`: worth knowing. */
  readonly state: 'ok' | 'note' | 'problem';
  readonly text: string;
}

/** What is looked at, so that tests can have another machine. */
export interface Machine {
  readonly nodeVersion: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly freeBytes: number;
  readonly searchPath: string;
  /** The variable ISABELLE_TOOL. */
  readonly isabelleTool: string | undefined;
  /** What judges can be shut in with. */
  readonly isolation: Pick<Isolation, 'network' | 'files' | 'bound'>;
  /** Whether the system says how much memory a process has. */
  readonly tellsMemory: boolean;
}

export interface DoctorOptions {
  readonly config: readonly string[];
  readonly set: readonly string[];
  readonly try: boolean;
}

const GIB = 2 ** 30;
/** Resident memory of one embedded judge. */
const JUDGE_BYTES = 2.5 * GIB;
const LEAST_NODE = 24;
const DEFAULT_SESSION = 'HOL';

export async function doctorCommand(options: DoctorOptions): Promise<void> {
  const { config } = loadConfig({ files: options.config, overrides: options.set });
  const machine = await thisMachine();
  const findings = examine(config, machine);
  for (const language of options.try ? judgesToTry(findings) : [])
    findings.push(
      await tryJudge(() => openLocalChecker(config.checker, { warn: () => {} }, language).checker, language),
    );
  for (const finding of findings) process.stdout.write(`${line(finding)}\n`);
  const problems = findings.filter(({ state }) => state === 'problem').length;
  if (problems > 0)
    throw new LakatosError(`${problems} of ${findings.length} findings would keep a run from working.`);
}

async function thisMachine(): Promise<Machine> {
  return {
    nodeVersion: process.versions.node,
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    freeBytes: freemem(),
    searchPath: process.env.PATH ?? '',
    isabelleTool: process.env.ISABELLE_TOOL,
    isolation: await isolation(),
    tellsMemory: (await ownBytesOfTree(process.pid)) !== undefined,
  };
}

export function examine({ checker, data }: Pick<Config, 'checker' | 'data'>, machine: Machine): Finding[] {
  const { lean, isabelle } = checker;
  const runtime = attempt(() => openLeanRuntime({ ...lean, searchPath: machine.searchPath }));
  return [
    node(machine),
    native(lean, machine),
    judges(runtime),
    ...(runtime instanceof Error ? [] : confinement(runtime, machine)),
    tier(lean.tier),
    memory(lean, machine),
    cache(lean.cacheDir ?? defaultCacheDir()),
    ...isabelleHere(isabelle, data.language, machine),
  ];
}

function node({ nodeVersion }: Machine): Finding {
  const fit = Number.parseInt(nodeVersion, 10) >= LEAST_NODE;
  const text = fit
    ? nodeVersion
    : `${nodeVersion}; ${LEAST_NODE} or newer is needed: use \`npm run\` in the repository`;
  return { topic: 'node', state: fit ? 'ok' : 'problem', text };
}

function native(lean: Config['checker']['lean'], { searchPath }: Machine): Finding {
  const found = attempt(() => findNativeLean({ ...lean, searchPath }));
  if (found instanceof Error) {
    const asked = isAsked({ ...lean, searchPath });
    const text = asked ? found.message : `${found.message} The embedded Lean judges instead.`;
    return { topic: 'native lean', state: asked ? 'problem' : 'note', text };
  }
  if (!found) return { topic: 'native lean', state: 'note', text: 'none on the PATH or in ~/.elan/bin' };
  return { topic: 'native lean', state: 'ok', text: found.toolchain };
}

function judges(runtime: LeanRuntime | Error): Finding {
  if (runtime instanceof Error) return { topic: 'judge', state: 'problem', text: runtime.message };
  const text = isOld(runtime.version)
    ? `${runtime.toolchain}; kernel bugs are known before Lean 4.33.1: have claims that matter judged by a newer one too`
    : runtime.toolchain;
  return { topic: 'judge', state: isOld(runtime.version) ? 'note' : 'ok', text };
}

function isOld(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split(/[.-]/).map(Number);
  return major < 4 || (major === 4 && (minor < 33 || (minor === 33 && patch < 1)));
}

function confinement({ toolchain }: LeanRuntime, { isolation, tellsMemory }: Machine): Finding[] {
  const { network, files, bound } = isolation;
  return [
    {
      topic: 'network',
      state: network ? 'ok' : 'note',
      text: network
        ? 'judges have none (a network namespace of their own)'
        : 'not taken from judges: user namespaces (unshare, setpriv) are not available here',
    },
    filesAndProcesses(toolchain === EMBEDDED_TOOLCHAIN, files),
    {
      topic: 'limits',
      state: tellsMemory ? 'ok' : 'note',
      text: `wall clock, heartbeats and ${tellsMemory ? '' : 'no '}resident memory of each attempt; the process group is killed`,
    },
    {
      topic: 'orphans',
      state: bound ? 'ok' : 'note',
      text: bound
        ? 'judges end with a Lakatos that is killed'
        : 'a judge may outlive a Lakatos that is killed, until it has answered: there is no setpriv here',
    },
  ];
}

/** What Node forbids a judge, and what the system does. */
function filesAndProcesses(embedded: boolean, readOnly: boolean): Finding {
  const words = embedded
    ? [
        'judges read their library and programs, write nothing, start nothing (Node’s permission model)',
        ...(readOnly ? ['nor does the system let them write anything, or end other processes'] : []),
      ]
    : [
        readOnly
          ? 'a native judge writes nothing but 64 MiB in memory and ends no processes but its own, but may read what its user may'
          : 'a native judge may do what its user may',
        'run it in a container where candidates are hostile',
      ];
  return { topic: 'files', state: embedded ? 'ok' : 'note', text: words.join('; ') };
}

function tier(chosen: 'fast' | 'strict'): Finding {
  return chosen === 'strict'
    ? {
        topic: 'tier',
        state: 'ok',
        text: 'strict: acceptances are checked again by a process that elaborates no proof',
      }
    : { topic: 'tier', state: 'note', text: 'fast: the judge’s word alone; do not train on it or report it' };
}

function memory(lean: Config['checker']['lean'], { memoryBytes, freeBytes, cores }: Machine): Finding {
  const verifiers = lean.tier === 'strict' ? verifiersFor(lean.workers) : 0;
  const processes = lean.workers + (lean.spare ? 1 : 0) + verifiers;
  const needed = processes * JUDGE_BYTES;
  const state = memoryBytes < JUDGE_BYTES ? 'problem' : freeBytes < needed ? 'note' : 'ok';
  const has = `${gib(memoryBytes)}, ${gib(freeBytes)} free, ${cores} cores`;
  return { topic: 'memory', state, text: `${has}; ${processes} Lean processes take about ${gib(needed)}` };
}

function cache(dir: string): Finding {
  if (existsSync(dir)) return writable(dir, `${dir}`);
  const parent = nearestExisting(dir);
  return writable(parent, `${dir}, which the first start makes`);
}

function writable(dir: string, text: string): Finding {
  const refused = attempt(() => accessSync(dir, constants.W_OK)) instanceof Error;
  if (!refused) return { topic: 'cache', state: 'ok', text };
  return { topic: 'cache', state: 'problem', text: `${dir} cannot be written: set checker.lean.cacheDir` };
}

const nearestExisting = (dir: string): string => (existsSync(dir) ? dir : nearestExisting(dirname(dir)));

/** What is wrong here is a problem only where an Isabelle was asked for: by the language, the settings or ISABELLE_TOOL. */
function isabelleHere(
  { path, session, dirs }: Config['checker']['isabelle'],
  language: Language,
  { searchPath, isabelleTool: tool }: Machine,
): Finding[] {
  const named = path !== undefined || (tool !== undefined && tool !== '');
  const wanted = named || language === 'isabelle' || session !== DEFAULT_SESSION || dirs.length > 0;
  const wrong = wanted ? 'problem' : 'note';
  const found = attempt(() => findIsabelle({ path, tool, searchPath }));
  if (found instanceof Error) return [{ topic: 'isabelle', state: wrong, text: found.message }];
  if (!found)
    return [{ topic: 'isabelle', state: language === 'isabelle' ? 'problem' : 'note', text: NO_ISABELLE }];
  const heap = attempt(() => requireHeap(found, session));
  const further = dirs.length > 0 ? `; further sessions in ${dirs.join(', ')}` : '';
  const untested = isTested(found.name)
    ? ''
    : `; the judge was written for ${TESTED}, others may not load it`;
  return [
    {
      topic: 'isabelle',
      state: untested === '' ? 'ok' : 'note',
      text: `${found.name} (${found.tool})${further}${untested}`,
    },
    {
      topic: 'heaps',
      state: heap instanceof Error ? wrong : 'ok',
      text: heap instanceof Error ? heap.message : `${found.heaps.join(', ')}${forMiniF2F(found.heaps)}`,
    },
    {
      topic: 'isabelle rights',
      state: 'note',
      text: 'its server may do what its user may, though no candidate can run ML: use a container where that matters',
    },
  ];
}

/** Half of miniF2F's theories import what without this heap is loaded from its source at every start. */
function forMiniF2F(heaps: readonly string[]): string {
  const session = 'HOL-Number_Theory';
  return heaps.includes(session)
    ? ''
    : `; for miniF2F build ${session} and name it in checker.isabelle.session`;
}

/** Lean, and an Isabelle that has what it needs. */
export function judgesToTry(findings: readonly Finding[]): Language[] {
  const usable = findings.some(({ topic, state }) => topic === 'heaps' && state === 'ok');
  return usable ? ['lean', 'isabelle'] : ['lean'];
}

export async function tryJudge(open: () => Checker, language: Language): Promise<Finding> {
  const started = performance.now();
  const checker = open();
  try {
    const { right, said } = await askTwoQuestions(checker, language);
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    return { topic: `try ${language}`, state: right ? 'ok' : 'problem', text: `${said}, in ${seconds} s` };
  } finally {
    await checker.close();
  }
}

const gib = (bytes: number): string => `${(bytes / GIB).toFixed(1)} GiB`;

function attempt<T>(look: () => T): T | Error {
  try {
    return look();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

const line = ({ topic, state, text }: Finding): string => `${state.padEnd(8)}${topic.padEnd(12)} ${text}`;
