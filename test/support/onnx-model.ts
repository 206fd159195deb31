import { writeFile } from 'node:fs/promises';

/** The element types of onnx.proto3 that tests use, with their numbers there and how they are laid out in memory. */
const ELEMENTS = {
  float32: { id: 1, array: Float32Array },
  uint8: { id: 2, array: Uint8Array },
  int8: { id: 3, array: Int8Array },
  int32: { id: 6, array: Int32Array },
  int64: { id: 7, array: BigInt64Array },
  bool: { id: 9, array: Uint8Array },
  float16: { id: 10, array: Float16Array },
  float64: { id: 11, array: Float64Array },
} as const;

export type OnnxType = keyof typeof ELEMENTS;

/** A dimension: a size, or a name when the caller decides. */
export type OnnxShape = readonly (number | string)[];

export interface OnnxTensor {
  readonly type: OnnxType;
  readonly shape: readonly number[];
  /** In row-major order; one value fills the whole tensor. */
  readonly values: ArrayLike<number | bigint>;
}

/** A plain number is an integer attribute, because most are; floats say so. An `OnnxModel` is a subgraph (If, Loop). */
export type OnnxAttribute =
  | number
  | readonly number[]
  | string
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | { readonly tensor: OnnxTensor }
  | OnnxModel;

/**
 * Writes small ONNX models, so that a test has one with exactly the inputs and outputs it wants and needs no download.
 *
 * ```ts
 * const model = new OnnxModel()
 *   .input('x', 'float32', ['batch', 3])
 *   .constant('axes', { type: 'int64', shape: [1], values: [1] })
 *   .node('ReduceMean', ['x', 'axes'], ['y'], { keepdims: 0 })
 *   .output('y', 'float32', ['batch']);
 * const session = await InferenceSession.create(model.bytes());
 * ```
 *
 * Operators have their meaning of opset 18: ReduceMean, Slice and Unsqueeze take axes as an input, ReduceSum too.
 */
export class OnnxModel {
  readonly #opset: number;
  readonly #nodes: Uint8Array[] = [];
  readonly #initializers: Uint8Array[] = [];
  readonly #inputs: Uint8Array[] = [];
  readonly #outputs: Uint8Array[] = [];

  constructor({ opset = 18 }: { opset?: number } = {}) {
    this.#opset = opset;
  }

  input(name: string, type: OnnxType, shape: OnnxShape): this {
    this.#inputs.push(field(11, valueInfo(name, type, shape)));
    return this;
  }

  output(name: string, type: OnnxType, shape: OnnxShape): this {
    this.#outputs.push(field(12, valueInfo(name, type, shape)));
    return this;
  }

  constant(name: string, tensor: OnnxTensor): this {
    this.#initializers.push(field(5, tensorProto(tensor, name)));
    return this;
  }

  /** An input that is left out is `''`; `domain` is `'com.microsoft'` for operators of onnxruntime. */
  node(
    operator: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    domain = '',
  ): this {
    const body = [
      ...inputs.map((name) => text(1, name)),
      ...outputs.map((name) => text(2, name)),
      text(4, operator),
      ...Object.entries(attributes).map(([name, value]) => field(5, attributeProto(name, value))),
      text(7, domain),
    ];
    this.#nodes.push(field(1, ...body));
    return this;
  }

  /** The file: a ModelProto. */
  bytes(): Uint8Array<ArrayBuffer> {
    return concat([
      number(1, 9),
      field(7, this.graph()),
      field(8, number(2, this.#opset)),
      field(8, text(1, 'com.microsoft'), number(2, 1)),
    ]);
  }

  async write(path: string): Promise<void> {
    await writeFile(path, this.bytes());
  }

  /** The GraphProto alone, as a subgraph has it. */
  graph(): Uint8Array {
    return concat([
      ...this.#nodes,
      text(2, 'test'),
      ...this.#initializers,
      ...this.#inputs,
      ...this.#outputs,
    ]);
  }
}

function valueInfo(name: string, type: OnnxType, shape: OnnxShape): Uint8Array {
  const dims = shape.map((size) => field(1, typeof size === 'number' ? number(1, size) : text(2, size)));
  return concat([text(1, name), field(2, field(1, number(1, ELEMENTS[type].id), field(2, ...dims)))]);
}

function tensorProto({ type, shape, values }: OnnxTensor, name = ''): Uint8Array {
  const { id, array } = ELEMENTS[type];
  const length = shape.reduce((product, size) => product * size, 1);
  if (values.length !== length && values.length !== 1) {
    throw new RangeError(`${name} [${shape}] needs ${length} values or one, not ${values.length}`);
  }
  const raw = new array(length);
  for (let at = 0; at < length; at++) {
    const value = values[values.length === 1 ? 0 : at] ?? 0;
    raw[at] = raw instanceof BigInt64Array ? BigInt(value) : Number(value);
  }
  const bytes = new Uint8Array(raw.buffer, raw.byteOffset, raw.byteLength);
  return concat([...shape.map((size) => number(1, size)), number(2, id), text(8, name), field(9, bytes)]);
}

function attributeProto(name: string, value: OnnxAttribute): Uint8Array {
  const typed = (type: number, ...body: Uint8Array[]) => concat([text(1, name), ...body, number(20, type)]);
  if (typeof value === 'number') return typed(2, number(3, integer(name, value)));
  if (typeof value === 'string') return typed(3, text(4, value));
  if (value instanceof OnnxModel) return typed(5, field(6, value.graph()));
  if ('float' in value) return typed(1, float(2, value.float));
  if ('floats' in value) return typed(6, ...value.floats.map((item) => float(7, item)));
  if ('tensor' in value) return typed(4, field(5, tensorProto(value.tensor)));
  return typed(7, ...value.map((item) => number(8, integer(name, item))));
}

function integer(name: string, value: number): number {
  if (!Number.isInteger(value)) throw new RangeError(`attribute ${name}: write { float: ${value} }`);
  return value;
}

// The protobuf wire format: a tag (field number and wire type), then a varint (0), a length and bytes (2) or four bytes (5).

function number(id: number, value: number): Uint8Array {
  return concat([varint(id << 3), varint(value)]);
}

function text(id: number, value: string): Uint8Array {
  return field(id, new TextEncoder().encode(value));
}

function field(id: number, ...body: Uint8Array[]): Uint8Array {
  const bytes = concat(body);
  return concat([varint((id << 3) | 2), varint(bytes.length), bytes]);
}

function float(id: number, value: number): Uint8Array {
  return concat([varint((id << 3) | 5), new Uint8Array(Float32Array.of(value).buffer)]);
}

/** Seven bits a byte, the lowest first; a negative number is its 64-bit two's complement. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
