/** TOML layers: reading them, following `extends`, merging them, and remembering which one set a key. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse, type TomlTable, type TomlValue } from 'smol-toml';
import { UsageError } from '../ops/errors.ts';
import { shippedPath } from '../ops/shipped.ts';

export type Table = TomlTable;

export interface Layer {
  /** What a person is told: the file as it was named, or `--set a.b=c`. */
  readonly source: string;
  readonly table: Table;
}

/** The file's bases first, then the file itself. */
export function layersOfFile(file: string, inside: readonly string[] = []): Layer[] {
  const path = resolve(shippedPath(file));
  if (inside.includes(path))
    throw new UsageError(`${file}: extends itself by way of ${inside.at(-1)}.`, 'extends');
  const { extends: base, ...table } = parseToml(readText(path, file), file);
  const layer = { source: file, table };
  if (base === undefined) return [layer];
  if (typeof base !== 'string')
    throw new UsageError(
      `extends: expected the name of a TOML file, found ${JSON.stringify(base)} (${file}).`,
      'extends',
    );
  return [...layersOfFile(resolve(dirname(path), base), [...inside, path]), layer];
}

export function layerOfOverride(text: string): Layer {
  const source = `--set ${text}`;
  const match = /^\s*([A-Za-z]\w*(?:\.[A-Za-z]\w*)*)\s*=\s*(.*?)\s*$/.exec(text);
  if (!match?.[1] || !match[2])
    throw new UsageError(`--set: expected a.b=value, e.g. run.rounds=2, found ${JSON.stringify(text)}.`);
  const [, key, value] = match;
  // A word that is no TOML value (onnx:models/seed, my/dir) is meant as a string; quotes and brackets are not words.
  const toml = isToml(`v = ${value}`) || /["'[\]{}\n]/.test(value) ? value : JSON.stringify(value);
  return { source, table: parseToml(`${key} = ${toml}`, source) };
}

/** Tables merge key by key; any other value replaces what was there. */
export function mergeLayers(layers: readonly Layer[]): Table {
  return layers.reduce<Table>((base, layer) => merge(base, layer.table), {});
}

/** The last layer that sets the key, or the nearest table around it. */
export function sourceOf(path: readonly PropertyKey[], layers: readonly Layer[]): string {
  for (let length = path.length; length > 0; length--) {
    const setter = layers.findLast((layer) => lookUp(layer.table, path.slice(0, length)) !== undefined);
    if (setter) return setter.source;
  }
  return 'defaults';
}

export function lookUp(value: TomlValue | undefined, path: readonly PropertyKey[]): TomlValue | undefined {
  const [head, ...rest] = path;
  if (head === undefined) return value;
  if (Array.isArray(value)) return lookUp(value[Number(head)], rest);
  return isTable(value) ? lookUp(value[String(head)], rest) : undefined;
}

export function isTable(value: TomlValue | undefined): value is Table {
  return typeof value === 'object' && !Array.isArray(value) && !(value instanceof Date);
}

function merge(base: Table, over: Table): Table {
  const merged = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = merged[key];
    merged[key] = isTable(before) && isTable(value) ? merge(before, value) : value;
  }
  return merged;
}

function readText(path: string, file: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`${file}: expected a readable TOML file; ${why}. Check --config and extends.`, '', {
      cause,
    });
  }
}

function parseToml(text: string, source: string): Table {
  try {
    return parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`${source}: expected TOML; ${why.trim()}`, '', { cause });
  }
}

function isToml(text: string): boolean {
  try {
    parse(text);
    return true;
  } catch {
    return false;
  }
}
