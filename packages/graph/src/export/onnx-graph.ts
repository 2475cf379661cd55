import { message, type FieldEntry, type Pieces } from '@toco/formats';
import type { DataType } from './data-type.js';

/** Element types by their number in ONNX' `TensorProto`. */
export const onnxTypes: Readonly<Record<DataType | 'int64', number>> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
};

/** A tensor that is part of a graph. */
export interface OnnxTensor {
  readonly dtype: keyof typeof onnxTypes;
  readonly shape: readonly number[];
  /** Little-endian elements in row-major order. */
  readonly bytes: Uint8Array;
}

/** Attributes of a node: whole numbers, lists of them, or text. */
export type OnnxAttributes = Readonly<Record<string, number | readonly number[] | string>>;

/** Nodes and constants of a graph that is under way. */
export interface OnnxGraph {
  /** Encoded `NodeProto`. */
  readonly nodes: Pieces[];
  /** Encoded `TensorProto`. */
  readonly initializers: Pieces[];
  /** Names that nodes have taken as inputs. */
  readonly used: ReadonlySet<string>;
  /** Adds a node of one output, which gets the node's name. */
  node(operator: string, inputs: readonly string[], attributes?: OnnxAttributes, name?: string): string;
  tensor(name: string, tensor: OnnxTensor): void;
  /** Name of a constant of int64 `[n]`, or of one number; equal ones are there once. */
  integers(values: readonly number[] | number): string;
}

/** An empty graph. */
export function onnxGraph(): OnnxGraph {
  const nodes: Pieces[] = [];
  const initializers: Pieces[] = [];
  const integerNames = new Map<string, string>();
  const used = new Set<string>();
  let count = 0;
  return {
    nodes,
    initializers,
    used,
    node(operator, inputs, attributes = {}, name = `${operator}/${++count}`) {
      for (const input of inputs) used.add(input);
      nodes.push(encodeNode({ operator, inputs, attributes, name }));
      return name;
    },
    tensor(name, tensor) {
      initializers.push(encodeTensor(name, tensor));
    },
    integers(values) {
      const key = JSON.stringify(values);
      const known = integerNames.get(key);
      if (known !== undefined) return known;
      const name = `integers/${integerNames.size + 1}`;
      const list = typeof values === 'number' ? [values] : values;
      const bytes = new Uint8Array(BigInt64Array.from(list, BigInt).buffer);
      const shape = typeof values === 'number' ? [] : [list.length];
      initializers.push(encodeTensor(name, { dtype: 'int64', shape, bytes }));
      integerNames.set(key, name);
      return name;
    },
  };
}

function encodeNode(node: {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly attributes: OnnxAttributes;
  readonly name: string;
}): Pieces {
  return message([
    ...node.inputs.map((input): FieldEntry => [1, input]),
    [2, node.name],
    [3, node.name],
    [4, node.operator],
    ...Object.entries(node.attributes).map(([key, value]): FieldEntry => [5, encodeAttribute(key, value)]),
  ]);
}

/** The last field says which of the others holds the value: 2 a number, 3 text, 7 several numbers. */
function encodeAttribute(name: string, value: OnnxAttributes[string]): Pieces {
  if (typeof value === 'number') return message([[1, name], [3, value], [20, 2]]); // prettier-ignore
  if (typeof value === 'string') return message([[1, name], [4, value], [20, 3]]); // prettier-ignore
  return message([[1, name], ...value.map((one): FieldEntry => [8, one]), [20, 7]]);
}

function encodeTensor(name: string, { dtype, shape, bytes }: OnnxTensor): Pieces {
  return message([
    ...shape.map((size): FieldEntry => [1, size]),
    [2, onnxTypes[dtype]],
    [8, name],
    [9, bytes],
  ]);
}
