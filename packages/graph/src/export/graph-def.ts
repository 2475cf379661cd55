import { dataTypeOf, dataTypes, type DataType } from './data-type.js';
import { bytesOf, numbersOf, readMessage, textOf, type ReadMessage } from '@toco/formats';

/** The value of a constant: little-endian elements in row-major order. */
export interface Constant {
  readonly dtype: DataType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** A node of an inference graph. */
export interface GraphNode {
  readonly name: string;
  /** Name of the TensorFlow operation. */
  readonly op: string;
  /** Names of nodes, with `:1` and so on for outputs after the first. */
  readonly inputs: readonly string[];
  /** Encoded `AttrValue` messages by name; that of a constant's value is in `constant`. */
  readonly attributes: ReadonlyMap<string, Uint8Array>;
  readonly constant?: Constant;
}

/** The nodes of an encoded `GraphDef`. @throws where it calls functions of its own, which an inference graph does not */
export function readGraphDef(bytes: Uint8Array): GraphNode[] {
  const graph = readMessage(bytes);
  if (bytesOf(graph, 2).some((library) => bytesOf(readMessage(library), 1).length > 0)) {
    throw new Error('graph: calls functions of its own, which is not supported in an export');
  }
  return bytesOf(graph, 1).map((node) => readNode(readMessage(node)));
}

function readNode(node: ReadMessage): GraphNode {
  const attributes = new Map(
    bytesOf(node, 5).map((entry) => {
      const field = readMessage(entry);
      return [textOf(field, 1), bytesOf(field, 2)[0] ?? new Uint8Array()];
    }),
  );
  const [name, op] = [textOf(node, 1), textOf(node, 2)];
  const inputs = bytesOf(node, 3).map((input) => new TextDecoder().decode(input));
  const value = attributes.get('value');
  if (op !== 'Const' || !value) return { name, op, inputs, attributes };
  attributes.delete('value');
  return {
    name,
    op,
    inputs,
    attributes,
    constant: readTensor(readMessage(bytesOf(readMessage(value), 8)[0]!)),
  };
}

/** Sizes of an encoded `TensorShapeProto`. */
export function readShape(bytes: Uint8Array | undefined): number[] {
  if (!bytes) return [];
  return bytesOf(readMessage(bytes), 2).map((dimension) => numbersOf(readMessage(dimension), 1)[0] ?? 0);
}

/** Field of a `TensorProto` that holds elements one by one. */
const elementField: Readonly<Record<DataType, number>> = { float32: 5, int32: 7, uint8: 7, bool: 11 };

function readTensor(tensor: ReadMessage): Constant {
  const dtype = dataTypeOf(numbersOf(tensor, 1)[0] ?? 0);
  const shape = readShape(bytesOf(tensor, 2)[0]);
  const count = shape.reduce((a, b) => a * b, 1);
  const { size } = dataTypes[dtype];
  const bytes = new Uint8Array(count * size);
  const [content] = bytesOf(tensor, 4);
  const elements = content ?? concatenated(elementBytes(tensor, dtype));
  bytes.set(elements.subarray(0, bytes.length));
  // TensorFlow leaves out the elements at the end that repeat the last one.
  for (let at = elements.length; elements.length > 0 && at < bytes.length; at += size) {
    bytes.copyWithin(at, at - size, at);
  }
  return { dtype, shape, bytes };
}

function elementBytes(tensor: ReadMessage, dtype: DataType): readonly Uint8Array[] {
  if (dtype === 'float32') return bytesOf(tensor, elementField[dtype]);
  const values = numbersOf(tensor, elementField[dtype]);
  return [dtype === 'int32' ? new Uint8Array(Int32Array.from(values).buffer) : Uint8Array.from(values)];
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
