/**
 * Writes the bytes of an ONNX model: the few protobuf messages an ordinary graph needs, nothing read back.
 * Field numbers are those of onnx.proto3 (github.com/onnx/onnx).
 */

export type ElementType = 'float' | 'int64';

export interface ValueInfo {
  readonly name: string;
  readonly type: ElementType;
  /** A string is a dimension known only at run time. */
  readonly shape: readonly (number | string)[];
}

export interface Initializer {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array | BigInt64Array;
}

export type Attribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly ints: readonly number[] }
  | { readonly text: string };

export interface Node {
  readonly op: string;
  /** '' is ONNX's own operator set. */
  readonly domain: '' | 'com.microsoft';
  /** An empty name is an optional operand left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

export interface Model {
  readonly nodes: readonly Node[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly initializers: readonly Initializer[];
}

const IR_VERSION = 10;
const OPSET = 20;
const ELEMENT_CODE = { float: 1, int64: 7 } as const;
const ATTRIBUTE_CODE = { float: 1, int: 2, text: 3, ints: 7 } as const;

/** Bytes in parts: weights are copied once, into the whole model, not once a level of nesting. */
interface Bytes {
  readonly parts: readonly Uint8Array[];
  readonly length: number;
}

export function encodeModel(model: Model): Uint8Array {
  const graph = message(
    ...model.nodes.map((node, index) => nested(1, nodeProto(node, index))),
    text(2, 'lakatos'),
    ...model.initializers.map((tensor) => nested(5, tensorProto(tensor))),
    ...model.inputs.map((info) => nested(11, valueInfoProto(info))),
    ...model.outputs.map((info) => nested(12, valueInfoProto(info))),
  );
  const whole = message(
    integer(1, IR_VERSION),
    text(2, 'lakatos'),
    nested(7, graph),
    nested(8, message(text(1, ''), integer(2, OPSET))),
    nested(8, message(text(1, 'com.microsoft'), integer(2, 1))),
  );
  return Buffer.concat(whole.parts, whole.length);
}

function nodeProto(node: Node, index: number): Bytes {
  return message(
    ...node.inputs.map((name) => text(1, name)),
    ...node.outputs.map((name) => text(2, name)),
    text(3, `${node.op}_${index}`),
    text(4, node.op),
    ...Object.entries(node.attributes).map(([name, value]) => nested(5, attributeProto(name, value))),
    text(7, node.domain),
  );
}

function attributeProto(name: string, value: Attribute): Bytes {
  if ('float' in value)
    return message(text(1, name), float(2, value.float), integer(20, ATTRIBUTE_CODE.float));
  if ('int' in value) return message(text(1, name), integer(3, value.int), integer(20, ATTRIBUTE_CODE.int));
  if ('text' in value) return message(text(1, name), text(4, value.text), integer(20, ATTRIBUTE_CODE.text));
  return message(text(1, name), ...value.ints.map((i) => integer(8, i)), integer(20, ATTRIBUTE_CODE.ints));
}

function tensorProto({ name, shape, data }: Initializer): Bytes {
  const type = data instanceof Float32Array ? ELEMENT_CODE.float : ELEMENT_CODE.int64;
  const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return message(
    ...shape.map((dim) => integer(1, dim)),
    integer(2, type),
    text(8, name),
    nested(9, bytes(raw)),
  );
}

function valueInfoProto({ name, type, shape }: ValueInfo): Bytes {
  const dims = shape.map((dim) => nested(1, typeof dim === 'number' ? integer(1, dim) : text(2, dim)));
  const tensor = message(integer(1, ELEMENT_CODE[type]), nested(2, message(...dims)));
  return message(text(1, name), nested(2, nested(1, tensor)));
}

const bytes = (part: Uint8Array): Bytes => ({ parts: [part], length: part.length });
const message = (...fields: readonly Bytes[]): Bytes => ({
  parts: fields.flatMap(({ parts }) => parts),
  length: fields.reduce((sum, { length }) => sum + length, 0),
});
const key = (field: number, wire: 0 | 2 | 5): Bytes => varint(BigInt((field << 3) | wire));
const integer = (field: number, value: number): Bytes =>
  message(key(field, 0), varint(BigInt.asUintN(64, BigInt(value))));
const nested = (field: number, body: Bytes): Bytes =>
  message(key(field, 2), varint(BigInt(body.length)), body);
const text = (field: number, value: string): Bytes => nested(field, bytes(Buffer.from(value)));

function float(field: number, value: number): Bytes {
  const four = Buffer.alloc(4);
  four.writeFloatLE(value);
  return message(key(field, 5), bytes(four));
}

function varint(value: bigint): Bytes {
  const groups: number[] = [];
  let rest = value;
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    groups.push(rest === 0n ? low : low | 0x80);
  } while (rest !== 0n);
  return bytes(Uint8Array.from(groups));
}
