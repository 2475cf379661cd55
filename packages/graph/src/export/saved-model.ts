import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError, writeWhole } from '@toco/files';
import { dataTypes } from './data-type.js';
import type { FrozenGraph, Port } from './freeze-graph.js';
import type { Constant, GraphNode } from './graph-def.js';
import { message, type FieldEntry, type Pieces } from '@toco/formats';

/** Messages of Protocol Buffers can't be longer. */
const longest = 2 ** 31 - 1;

/** Version of GraphDefs since TensorFlow 2.0 or so: old enough for all readers, new enough for all our operations. */
const producer = 1087;

/**
 * Writes a frozen graph as a TensorFlow SavedModel: `saved_model.pb` with the weights inside, tag `serve`, signature
 * `serving_default`.
 *
 * @throws one line where the graph is above 2 GB, the limit of the format
 */
export async function writeSavedModel(folder: string, graph: FrozenGraph): Promise<void> {
  const content = savedModel(graph);
  if (content.length > longest) {
    throw new UserError(
      `${folder}: the network takes ${(content.length / 1e9).toFixed(1)} GB, a SavedModel can hold 2.1; export it as tfjs or keep it as safetensors.`,
    );
  }
  // An empty folder, which some readers look for.
  await mkdir(join(folder, 'variables'), { recursive: true });
  await writeWhole(join(folder, 'saved_model.pb'), content.parts);
}

function savedModel({ nodes, inputs, outputs }: FrozenGraph): Pieces {
  const signature = message([
    ...inputs.map((port): FieldEntry => [1, mapEntry(port.name, tensorInfo(port))]),
    ...outputs.map((port): FieldEntry => [2, mapEntry(port.name, tensorInfo(port))]),
    [3, 'tensorflow/serving/predict'],
  ]);
  const graph = message([
    ...nodes.map((node): FieldEntry => [1, encodeNode(node)]),
    [4, message([[1, producer]])],
  ]);
  const metaInformation = message([
    [4, 'serve'],
    [5, '2.0.0'],
  ]);
  const metaGraph = message([
    [1, metaInformation],
    [2, graph],
    [5, mapEntry('serving_default', signature)],
  ]);
  return message([
    [1, 1],
    [2, metaGraph],
  ]);
}

function encodeNode({ name, op, inputs, attributes, constant }: GraphNode): Pieces {
  return message([
    [1, name],
    [2, op],
    ...inputs.map((input): FieldEntry => [3, input]),
    ...[...attributes].map(([key, value]): FieldEntry => [5, mapEntry(key, value)]),
    [5, constant && mapEntry('value', message([[8, encodeTensor(constant)]]))],
  ]);
}

function mapEntry(key: string, value: Uint8Array | Pieces): Pieces {
  return message([
    [1, key],
    [2, value],
  ]);
}

function encodeTensor({ dtype, shape, bytes }: Constant): Pieces {
  return message([
    [1, dataTypes[dtype].code],
    [2, encodeShape(shape)],
    [4, bytes],
  ]);
}

function tensorInfo({ name, dtype, shape }: Port): Pieces {
  return message([
    [1, `${name}:0`],
    [2, dataTypes[dtype].code],
    [3, encodeShape(shape)],
  ]);
}

function encodeShape(shape: readonly number[]): Pieces {
  return message(shape.map((size): FieldEntry => [2, message([[1, size]])]));
}
