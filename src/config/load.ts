/**
 * Files and overrides → one checked configuration. Later layers win; nothing is guessed: an unknown key, a wrong type
 * or a value out of bounds is a `UsageError` that lists each key with what was expected, what was found and where.
 */
import { stringify } from 'smol-toml';
import { UsageError } from '../ops/errors.ts';
import { explainIssues } from './explain.ts';
import { type Layer, layerOfOverride, layersOfFile, mergeLayers, type Table } from './layers.ts';
import { type Config, configSchema } from './schema.ts';

export interface ConfigSources {
  /** Settings already checked once, e.g. those a run began with: the lowest layer. Default none. */
  readonly base?: Layer;
  /** TOML files, later wins; each may name a base with `extends = "other.toml"`. Default none. */
  readonly files?: readonly string[];
  /** `a.b=c` with c as TOML; a bare word is taken as a string. They win over files. Default none. */
  readonly overrides?: readonly string[];
}

export interface LoadedConfig {
  readonly config: Config;
  /** The configuration with every default filled in, as TOML that loads to the same configuration. */
  readonly resolvedToml: string;
}

export function loadConfig(sources: ConfigSources): LoadedConfig {
  const layers = [
    ...(sources.base === undefined ? [] : [sources.base]),
    ...(sources.files ?? []).flatMap((file) => layersOfFile(file)),
    ...(sources.overrides ?? []).map((text) => layerOfOverride(text)),
  ];
  const config = check(mergeLayers(layers), layers);
  return { config, resolvedToml: stringify(config) };
}

function check(merged: Table, layers: readonly Layer[]): Config {
  const result = configSchema.safeParse(merged, { reportInput: true });
  if (result.success) return result.data;
  const { lines, firstKey } = explainIssues(result.error.issues, merged, layers);
  throw new UsageError(
    `The configuration is wrong:\n${lines.map((line) => `  ${line}`).join('\n')}`,
    firstKey,
  );
}
