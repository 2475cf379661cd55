import type { FrozenGraph, Port } from './freeze-graph.js';
import type { Constant, GraphNode } from './graph-def.js';

/** A node of a graph that takes any number of images. */
export interface AnyBatchNode extends GraphNode {
  /** What is added to each element of an int32 constant for every image, where that is not nothing; `constant` is then that of no image. */
  readonly perImage?: readonly number[] | undefined;
}

/** A port of which each size is a number, or that many times the number of images. */
export interface AnyBatchPort extends Omit<Port, 'shape'> {
  readonly shape: readonly (number | { readonly timesBatch: number })[];
}

/** A graph that takes any number of images. */
export interface AnyBatchGraph {
  /** In an order in which each node comes after its inputs. */
  readonly nodes: readonly AnyBatchNode[];
  readonly inputs: readonly AnyBatchPort[];
  readonly outputs: readonly AnyBatchPort[];
}

/**
 * One graph for any number of images, from those of one function for two images and for three. Both are followed from their outputs
 * side by side; where sizes within them differ, they are taken to grow by as much for every further image.
 *
 * A node of one graph may stand for several of the other, since equal nodes are traced once and what is equal for two images need not be
 * for three; so the nodes of the result are pairs.
 *
 * @throws where the graphs differ in more than sizes: what the function does then depends on how many images there are
 */
export function anyBatch(two: FrozenGraph, three: FrozenGraph): AnyBatchGraph {
  const [ofTwo, ofThree] = [two, three].map(({ nodes }) => new Map(nodes.map((node) => [node.name, node])));
  const names = new Map<string, string>();
  const taken = new Set<string>();
  const nodes: AnyBatchNode[] = [];
  // A stack of its own: graphs are deeper than calls may be.
  const stack = two.outputs.map(({ name }, i) => ({ a: name, b: three.outputs[i]!.name, entered: false }));
  while (stack.length > 0) {
    const { a, b, entered } = stack.pop()!;
    const pair = `${a}\n${b}`;
    if (names.has(pair)) continue;
    const [left, right] = [ofTwo!.get(a)!, ofThree!.get(b)!];
    const pairs = left.inputs.map((input, i) => [input, right.inputs[i] ?? ''] as const);
    if (entered) {
      const name = freeName(a, taken);
      names.set(pair, name);
      nodes.push(merged({ ...left, name, inputs: pairs.map(inputName) }, left, right));
      continue;
    }
    assertAlike(left, right);
    stack.push({ a, b, entered: true });
    for (const [x, y] of pairs) stack.push({ a: nodeOf(x), b: nodeOf(y), entered: false });
  }
  const ports = (some: readonly Port[], others: readonly Port[]): AnyBatchPort[] =>
    some.map((port, i) => ({ ...port, shape: sizes(port.shape, others[i]!.shape) }));
  return { nodes, inputs: ports(two.inputs, three.inputs), outputs: ports(two.outputs, three.outputs) };

  function inputName([x, y]: readonly [string, string]): string {
    const [, output] = x.split(':');
    const name = names.get(`${nodeOf(x)}\n${nodeOf(y)}`)!;
    return output === undefined ? name : `${name}:${output}`;
  }
}

const nodeOf = (input: string): string => input.split(':')[0]!;

function freeName(wanted: string, taken: Set<string>): string {
  let name = wanted;
  for (let i = 2; taken.has(name); i++) name = `${wanted}_${i}`;
  taken.add(name);
  return name;
}

function differs(node: GraphNode): never {
  throw new Error(`graph: ${node.name} (${node.op}) depends on how many images there are`);
}

function assertAlike(left: GraphNode, right: GraphNode): void {
  const alike =
    left.op === right.op &&
    left.inputs.length === right.inputs.length &&
    left.inputs.every((input, i) => input.split(':')[1] === right.inputs[i]!.split(':')[1]) &&
    // The shape of a placeholder is that of its port.
    (left.op === 'Placeholder' ||
      [...left.attributes].every(([key, value]) => same(value, right.attributes.get(key))));
  if (!alike) differs(left);
}

const same = (a: Uint8Array, b: Uint8Array | undefined): boolean =>
  b?.length === a.length && a.every((byte, i) => byte === b[i]);

/** `node` with a constant that grows from the one of two images to that of three. */
function merged(node: GraphNode, two: GraphNode, three: GraphNode): AnyBatchNode {
  const [a, b] = [two.constant, three.constant];
  if (!a || !b || same(a.bytes, b.bytes)) return node;
  if (a.dtype !== 'int32' || a.bytes.length !== b.bytes.length) differs(node);
  const [left, right] = [integersOf(a), integersOf(b)];
  const perImage = left.map((value, i) => right[i]! - value);
  const none = Int32Array.from(left, (value, i) => value - 2 * perImage[i]!);
  return { ...node, constant: { ...a, bytes: new Uint8Array(none.buffer) }, perImage };
}

/** The elements of an int32 constant. */
export function integersOf({ bytes }: Constant): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / 4 }, (_, i) => view.getInt32(4 * i, true));
}

function sizes(two: readonly number[], three: readonly number[]): AnyBatchPort['shape'] {
  return two.map((size, i) => (size === three[i] ? size : { timesBatch: three[i]! - size }));
}
