import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from '@toco/files';
import { attributeJson, shapeJson } from './attribute-json.js';
import { narrowFloat16 } from '@toco/formats';
import { dataTypes } from './data-type.js';
import type { FrozenGraph, Port } from './freeze-graph.js';
import type { Constant, GraphNode } from './graph-def.js';

/** Bytes of a file of weights: browsers keep files of this size in their cache. */
const shardSize = 4 * 1024 * 1024;

/** Options of {@link writeGraphModel}. */
export interface GraphModelOptions {
  /** Names in the order of the labels, kept as `userDefinedMetadata.classes`. */
  readonly classes?: readonly string[] | undefined;
  /** Whether weights are stored in half precision; they are computed with in float32 all the same. */
  readonly half?: boolean | undefined;
}

/**
 * Writes a frozen graph as a graph model of TensorFlow.js: `model.json` and the weights in files of 4 MB beside it.
 * `loadGraphModel` of `@tensorflow/tfjs-converter` loads it on every backend, in the browser too.
 */
export async function writeGraphModel(
  folder: string,
  graph: FrozenGraph,
  { classes, half = false }: GraphModelOptions = {},
): Promise<void> {
  const constants = graph.nodes.filter((node): node is GraphNode & { constant: Constant } =>
    Boolean(node.constant),
  );
  const halved = (constant: Constant): boolean => half && fitsHalf(constant);
  const shards = splitIntoShards(
    constants.map(({ constant }) => (halved(constant) ? halfBytes(constant) : constant.bytes)),
  );
  const paths = shards.map((_, i) => `weights-${i + 1}-of-${shards.length}.bin`);
  await mkdir(folder, { recursive: true });
  for (const [i, parts] of shards.entries()) await writeWhole(join(folder, paths[i]!), parts);
  const weights = constants.map(({ name, constant }) => {
    const { dtype, shape } = constant;
    const stored = halved(constant) && { quantization: { dtype: 'float16', original_dtype: dtype } };
    return { name, shape, dtype, ...stored };
  });
  const model = {
    format: 'graph-model',
    generatedBy: '@toco/trainer',
    convertedBy: null,
    signature: { inputs: portsJson(graph.inputs), outputs: portsJson(graph.outputs) },
    modelTopology: { node: graph.nodes.map(nodeJson), library: {}, versions: {} },
    ...(classes && { userDefinedMetadata: { classes } }),
    weightsManifest: [{ paths, weights }],
  };
  // The last one written: with it the model is whole.
  await writeWhole(join(folder, 'model.json'), [new TextEncoder().encode(JSON.stringify(model))]);
}

/** The largest number of half precision. */
const largestHalf = 65504;

/** Whether a constant is weights. Single numbers, such as an epsilon of 1e-12, would become 0, and large ones infinite. */
function fitsHalf(constant: Constant): boolean {
  if (constant.dtype !== 'float32') return false;
  const values = float32Of(constant);
  return values.length > 1 && values.every((value) => Math.abs(value) <= largestHalf);
}

/** Elements of four bytes as those of two. */
function halfBytes(constant: Constant): Uint8Array {
  return new Uint8Array(narrowFloat16(float32Of(constant)).buffer);
}

/** Bytes that come out of a message may begin anywhere. */
function float32Of({ bytes }: Constant): Float32Array {
  return new Float32Array(bytes.slice().buffer);
}

function portsJson(ports: readonly Port[]): object {
  return Object.fromEntries(
    ports.map(({ name, dtype, shape }) => [
      name,
      { name: `${name}:0`, dtype: dataTypes[dtype].name, tensorShape: shapeJson(shape) },
    ]),
  );
}

function nodeJson({ name, op, inputs, attributes, constant }: GraphNode): object {
  const attr = Object.fromEntries([...attributes].map(([key, value]) => [key, attributeJson(value)]));
  if (!constant) return { name, op, ...(inputs.length > 0 && { input: inputs }), attr };
  const tensor = { dtype: dataTypes[constant.dtype].name, tensorShape: shapeJson(constant.shape) };
  return { name, op, attr: { ...attr, value: { tensor } } };
}

/** All bytes in a row, cut into pieces of {@link shardSize}. */
function splitIntoShards(arrays: readonly Uint8Array[]): Uint8Array[][] {
  const shards: Uint8Array[][] = [[]];
  let room = shardSize;
  for (const array of arrays) {
    for (let start = 0; start < array.length;) {
      const part = array.subarray(start, start + room);
      shards.at(-1)!.push(part);
      start += part.length;
      room -= part.length;
      if (room > 0) continue;
      shards.push([]);
      room = shardSize;
    }
  }
  return shards.filter((parts) => parts.length > 0);
}
