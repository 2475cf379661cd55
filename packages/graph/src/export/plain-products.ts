import type { GraphNode } from './graph-def.js';
import { message, numbersOf, readMessage } from '@toco/formats';
import { transposed } from './transposed.js';

/** An encoded `AttrValue` that is false. */
const no = message([[5, 0]]).parts[0]!;

/**
 * The same graph with weights `[out,in]` stored as `[in,out]`, so that no product has a transposed factor: the wasm backend
 * takes some thirty times as long with one. Weights that anything else uses stay as they are.
 */
export function plainProducts(nodes: readonly GraphNode[]): GraphNode[] {
  const constants = new Map(nodes.filter(({ constant }) => constant).map((node) => [node.name, node]));
  const turnable = (node: GraphNode, position: number): boolean =>
    node.op === 'MatMul' && position === 1 && isTrue(node.attributes.get('transpose_b'));
  const kept = new Set(
    nodes.flatMap((node) => node.inputs.filter((_, position) => !turnable(node, position))),
  );
  const turned = (name: string | undefined): boolean =>
    name !== undefined && constants.has(name) && !kept.has(name);
  const usedTransposed = new Set(
    nodes.flatMap((node) => node.inputs.filter((name, position) => turnable(node, position) && turned(name))),
  );
  return nodes.map((node) => {
    if (node.constant && usedTransposed.has(node.name)) {
      return { ...node, constant: transposed(node.constant) };
    }
    if (!node.inputs.some((name, position) => turnable(node, position) && usedTransposed.has(name)))
      return node;
    return { ...node, attributes: new Map([...node.attributes, ['transpose_b', no]]) };
  });
}

function isTrue(attribute: Uint8Array | undefined): boolean {
  return attribute !== undefined && numbersOf(readMessage(attribute), 5)[0] === 1;
}
