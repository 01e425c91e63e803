/**
 * Graphs over whole right-padded sequences [B, T]: training, scoring, embedding and prefill.
 *
 * One graph, and one session, for every shape: rows and lengths are dimensions known at run time, so there are no shape
 * buckets to build, to cache and to pad to, and a batch is padded to its own longest row only. Fixing all
 * of them (16 × 128, freeDimensionOverrides) took 2 to 9 % less CPU a training step in three rounds, planning memory by
 * them nothing more. The training session is released with the last trainer, for it holds the most memory.
 *
 * Weights are inputs, so one session serves every policy version. Padding needs no mask of its own: it stands to
 * the right, where the causal mask hides it, and nothing is read there. Groups of query heads that share a
 * key/value head are stacked along the query axis ('GT' rows), so grouped attention needs no copies of k and v.
 */
import { gradients } from './autodiff.ts';
import { bundleLoss } from './bundle-loss.ts';
import type { LlamaConfig } from './config.ts';
import { Graph, type Value } from './graph.ts';
import { head, type Projections, trunk, type Weights, weightOf } from './llama.ts';
import { adapterShapes, type LoraSettings, loraScale } from './lora.ts';
import { attention, gatherRows, reshape, rope, tokenLogProbs, transpose } from './ops.ts';
import { parameterShapes } from './parameters.ts';
import { ropeTables } from './rope.ts';

/** The name under which the train graph returns a parameter's gradient. */
export const gradientName = (parameter: string): string => `grad/${parameter}`;
export const keyName = (layer: number): string => `key/${layer}`;
export const valueName = (layer: number): string => `value/${layer}`;

interface FullGraph {
  readonly g: Graph;
  readonly weights: Weights;
  /** [N, d] with N = B·T. */
  readonly hidden: Value;
}

type KeysAndValues = (layer: number, keys: Value, values: Value) => void;

/** Loss of src/policy/bundle.ts and its gradients, with `lora` those of the adapters only; `logprob` [M] beside them. */
export function trainGraph(config: LlamaConfig, lora: LoraSettings | null = null): Uint8Array {
  const { g, weights, hidden } = fullForward(config, { lora });
  const logprob = targetLogProbs(g, config, weights, hidden);
  const loss = bundleLoss(g, logprob);
  const learnt = lora === null ? [...weights.keys()] : [...adapterShapes(config, lora).keys()];
  const results = gradients(
    g,
    loss,
    learnt.map((name) => weightOf(weights, name)),
  );
  g.output('loss', loss);
  g.output('logprob', logprob);
  results.forEach((gradient, i) => {
    g.output(gradientName(learnt[i] ?? ''), gradient);
  });
  return g.bytes();
}

/** `logprob` [M] of the targets. */
export function scoreGraph(config: LlamaConfig): Uint8Array {
  const { g, weights, hidden } = fullForward(config);
  g.output('logprob', targetLogProbs(g, config, weights, hidden));
  return g.bytes();
}

/** `hidden` [N, d], after the last norm. */
export function embedGraph(config: LlamaConfig): Uint8Array {
  const { g, hidden } = fullForward(config);
  g.output('hidden', hidden);
  return g.bytes();
}

/** Every layer's keys and values [B, keyValueHeads, T, headDim], and `logits` [B, V] at rows `last` [B] of N. */
export function prefillGraph(config: LlamaConfig): Uint8Array {
  const emit = (layer: number, keys: Value, values: Value, graph: Graph) => {
    graph.output(keyName(layer), keys);
    graph.output(valueName(layer), values);
  };
  const { g, weights, hidden } = fullForward(config, { emit });
  const last = g.input('last', 'int64', ['B']);
  g.output('logits', head(g, config, weights, gatherRows(g, hidden, last)));
  return g.bytes();
}

export interface ForwardOptions {
  /** Default: the causal model's own. */
  readonly shapes?: ReadonlyMap<string, readonly number[]>;
  readonly lora?: LoraSettings | null;
  /** Told every layer's keys and values. */
  readonly emit?: (layer: number, keys: Value, values: Value, g: Graph) => void;
}

/** The trunk over whole sequences. */
export function fullForward(config: LlamaConfig, options: ForwardOptions = {}): FullGraph {
  const { shapes: own = parameterShapes(config), lora = null, emit } = options;
  const g = new Graph();
  const ids = g.input('ids', 'int64', ['B', 'T']);
  const positions = g.input('positions', 'int64', ['B', 'T']);
  const mask = g.input('mask', 'float', ['T', 'T']);
  g.bindDimension('B', ids, 0);
  g.bindDimension('T', ids, 1);
  const shapes = [...own, ...(lora === null ? [] : adapterShapes(config, lora))];
  const weights = new Map(shapes.map(([name, shape]) => [name, g.input(name, 'float', shape)]));
  const attend = fullAttention(g, config, positions, mask, (layer, k, v) => emit?.(layer, k, v, g));
  const embedded = gatherRows(g, weightOf(weights, 'model.embed_tokens.weight'), reshape(g, ids, ['N']));
  const factor = lora === null ? 1 : loraScale(lora);
  return { g, weights, hidden: trunk(g, config, weights, embedded, attend, factor) };
}

function fullAttention(g: Graph, config: LlamaConfig, positions: Value, mask: Value, emit: KeysAndValues) {
  const { heads, keyValueHeads, headDim } = config;
  const group = heads / keyValueHeads;
  const tables = ropeTables(g, config, positions);
  const copies = Array.from({ length: group }, () => mask);
  const rows = group === 1 ? 'T' : 'GT';
  const groupMask =
    group === 1 ? mask : g.node('Concat', copies, [rows, 'T'], { attributes: { axis: { int: 0 } } });
  const sequence = (x: Value, width: number) => reshape(g, x, ['B', 'T', width]);
  const splitHeads = (x: Value) =>
    transpose(g, reshape(g, x, ['B', 'T', keyValueHeads, headDim]), [0, 2, 1, 3]);

  return (layer: number, { q, k, v }: Projections): Value => {
    const query = rope(g, sequence(q, heads * headDim), tables);
    const grouped = transpose(
      g,
      reshape(g, query, ['B', 'T', keyValueHeads, group, headDim]),
      [0, 2, 3, 1, 4],
    );
    const keys = splitHeads(rope(g, sequence(k, keyValueHeads * headDim), tables));
    const values = splitHeads(sequence(v, keyValueHeads * headDim));
    emit(layer, keys, values);
    const stacked = reshape(g, grouped, ['B', keyValueHeads, rows, headDim]);
    const y = attention(g, stacked, keys, values, groupMask, headDim ** -0.5);
    const split = reshape(g, y, ['B', keyValueHeads, group, 'T', headDim]);
    return reshape(g, transpose(g, split, [0, 3, 1, 2, 4]), ['N', heads * headDim]);
  };
}

/** Log-probs of `targets` [M] after the positions `rows` [M] of N: only these go through the head. */
function targetLogProbs(g: Graph, config: LlamaConfig, weights: Weights, hidden: Value): Value {
  const rows = g.input('rows', 'int64', ['M']);
  const targets = g.input('targets', 'int64', ['M']);
  return tokenLogProbs(g, head(g, config, weights, gatherRows(g, hidden, rows)), targets);
}
