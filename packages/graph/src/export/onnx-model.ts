import { message, type FieldEntry, type Pieces } from '@toco/formats';
import { UserError, writeWhole } from '@toco/files';
import { type AnyBatchGraph, type AnyBatchNode, type AnyBatchPort, integersOf } from './any-batch.js';
import { knownShapes } from './known-shapes.js';
import { onnxGraph, type OnnxGraph, onnxTypes } from './onnx-graph.js';
import { operators } from './onnx-operators.js';

/** Messages of Protocol Buffers can't be longer. */
const longest = 2 ** 31 - 1;

/** Version of the file's form and of the operators: ONNX 1.13 of December 2022 and whatever reads what it wrote. */
const [formVersion, operatorSet] = [8, 18];

/** What the sizes that grow with the number of images are called. */
const batch = 'batch';

/**
 * Writes a graph as ONNX. Inputs and outputs are called by their paths, their first size is `batch`; weights are inside.
 *
 * @param metadata what the file says of itself, by name
 * @throws one line: an operation that ONNX is not told of, more than 2 GB
 */
export async function writeOnnxModel(
  file: string,
  graph: AnyBatchGraph,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const content = onnxModel(graph, metadata);
  if (content.length > longest) {
    throw new UserError(
      `${file}: the network takes ${(content.length / 1e9).toFixed(1)} GB, an ONNX file can hold 2.1; export it as tfjs or keep it as safetensors.`,
    );
  }
  await writeWhole(file, content.parts);
}

function onnxModel(graph: AnyBatchGraph, metadata: Readonly<Record<string, string>>): Pieces {
  const { nodes, initializers } = translated(graph);
  const encoded = message([
    ...nodes.map((node): FieldEntry => [1, node]),
    [2, 'toco'],
    ...initializers.map((tensor): FieldEntry => [5, tensor]),
    ...graph.inputs.map((port): FieldEntry => [11, valueInfo(port)]),
    ...graph.outputs.map((port): FieldEntry => [12, valueInfo(port)]),
  ]);
  return message([
    [1, formVersion],
    [2, 'toco'],
    [7, encoded],
    [8, message([[2, operatorSet]])],
    ...Object.entries(metadata).map(([key, value]): FieldEntry => [
      14,
      message([
        [1, key],
        [2, value],
      ]),
    ]),
  ]);
}

function translated({ nodes, inputs }: AnyBatchGraph): OnnxGraph {
  const graph = onnxGraph();
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const nodeOf = (name: string): AnyBatchNode => byName.get(name.split(':')[0]!)!;
  const shapeOf = knownShapes(nodeOf);
  const [images] = inputs;
  const batchSize = graph.node('Shape', [images!.name], { start: 0, end: 1 }, 'batchSize');
  const sizes = (node: AnyBatchNode, change: (values: number[]) => number[]): string => {
    const none = integersOf(node.constant!);
    const { perImage } = node;
    if (!perImage) return graph.integers(change(none));
    const one = change(none.map((value, i) => value + perImage[i]!));
    const two = change(none.map((value, i) => value + 2 * perImage[i]!));
    const steps = one.map((value, i) => two[i]! - value);
    const grown = graph.node('Mul', [batchSize, graph.integers(steps)]);
    return graph.node('Add', [graph.integers(one.map((value, i) => value - steps[i]!)), grown]);
  };
  for (const node of nodes) {
    if (node.op === 'Placeholder' || node.constant) continue;
    const operator = Object.hasOwn(operators, node.op) ? operators[node.op] : undefined;
    if (!operator)
      throw new UserError(
        `${node.name}: ONNX is not told of the operation ${node.op}; write the backbone with others.`,
      );
    const context = {
      ...{ graph, node },
      input: (index: number) => nodeOf(node.inputs[index]!),
      shape: (index: number) => shapeOf(node.inputs[index]!),
      sizes: (index: number, change = (values: number[]) => values) =>
        sizes(nodeOf(node.inputs[index]!), change),
    };
    operator(context);
  }
  // Constants that only say sizes are left out: they were written where they are used, in the type that ONNX has for them.
  for (const { name, constant, perImage } of nodes) {
    if (!constant || !graph.used.has(name)) continue;
    if (perImage) throw new Error(`graph: ${name} is computed with and depends on how many images there are`);
    graph.tensor(name, constant);
  }
  return graph;
}

function valueInfo({ name, dtype, shape }: AnyBatchPort): Pieces {
  const dimensions = shape.map((size) => {
    if (typeof size === 'number') return message([[1, size]]);
    return message([[2, size.timesBatch === 1 ? batch : `${size.timesBatch}*${batch}`]]);
  });
  const tensor = message([
    [1, onnxTypes[dtype]],
    [2, message(dimensions.map((dimension): FieldEntry => [1, dimension]))],
  ]);
  return message([
    [1, name],
    [2, message([[1, tensor]])],
  ]);
}
