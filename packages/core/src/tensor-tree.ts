import * as tf from '@tensorflow/tfjs-core';

/**
 * A tensor, or objects and arrays nested to any depth whose leaves are tensors.
 *
 * `undefined` leaves are left out. The dotted path of a leaf is its name in checkpoints: `blocks.3.attn.qkv.weight`.
 */
export type TensorTree = object;

/** Called with a leaf and its dotted path. */
export type LeafFunction = (leaf: tf.Tensor, path: string) => tf.Tensor;

function isTensor(node: unknown): node is tf.Tensor {
  return node instanceof tf.Tensor;
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

/**
 * Leaves of a tree by dotted path, in the order of its keys.
 *
 * @throws where a leaf is not a tensor
 * @example
 * flattenTree({ attn: { qkv: { weight, bias } } }); // Map { 'attn.qkv.weight' => …, 'attn.qkv.bias' => … }
 */
export function flattenTree(tree: TensorTree): Map<string, tf.Tensor> {
  const leaves = new Map<string, tf.Tensor>();
  mapTree(tree, (leaf, path) => {
    leaves.set(path, leaf);
    return leaf;
  });
  return leaves;
}

/**
 * The tree of plain objects with the given leaves; the inverse of {@link flattenTree} for trees without arrays.
 *
 * @throws where a path is a leaf and a branch at once
 * @example
 * const params = unflattenTree(new Map([['head.weight', weight]])); // { head: { weight } }
 */
export function unflattenTree(
  leaves: ReadonlyMap<string, tf.Tensor> | Readonly<Record<string, tf.Tensor>>,
): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  const entries = leaves instanceof Map ? (leaves as ReadonlyMap<string, tf.Tensor>) : Object.entries(leaves);
  for (const [path, leaf] of entries) {
    const keys = path.split('.');
    const last = keys.pop()!;
    let branch = root;
    for (const key of keys) {
      const next = (branch[key] ??= {});
      if (isTensor(next)) throw new Error(`tree: '${path}' lies below the tensor '${key}'`);
      branch = next as Record<string, unknown>;
    }
    if (branch[last] !== undefined) throw new Error(`tree: '${path}' is given twice`);
    branch[last] = leaf;
  }
  return root;
}

/**
 * The same tree with `f` of every leaf.
 *
 * @example
 * const halved = mapTree(params, (weight) => tf.div(weight, 2));
 */
export function mapTree<T extends TensorTree>(tree: T, f: LeafFunction): T {
  return zipTrees([tree], ([leaf], path) => f(leaf!, path));
}

/**
 * One tree out of several alike: `f` gets the leaves that have the same path.
 *
 * @throws where the trees differ in their paths
 * @example
 * const average = zipTrees([teacher, student], ([t, s]) => tf.add(tf.mul(t, 0.9), tf.mul(s, 0.1)));
 */
export function zipTrees<T extends TensorTree>(
  trees: readonly [T, ...TensorTree[]],
  f: (leaves: readonly tf.Tensor[], path: string) => tf.Tensor,
): T {
  const visit = (nodes: readonly unknown[], path: string): unknown => {
    if (nodes.every(isTensor)) return f(nodes, path);
    for (const node of nodes) {
      if (typeof node !== 'object' || node === null || isTensor(node)) {
        const found = isTensor(node) ? 'a tensor' : String(node);
        const wanted = nodes.length === 1 ? 'a tensor' : 'trees of the same paths';
        throw new Error(`tree: '${path}' is ${found}, expected ${wanted}`);
      }
    }
    const records = nodes as readonly Readonly<Record<string, unknown>>[];
    const keys = new Set(records.flatMap((record) => Object.keys(record)));
    // Keys of an array are its indices, so that one loop serves both.
    const result = (Array.isArray(nodes[0]) ? [] : {}) as Record<string, unknown>;
    for (const key of keys) {
      const children = records.map((record) => record[key]);
      if (children.some((child) => child !== undefined)) result[key] = visit(children, join(path, key));
    }
    return result;
  };
  return visit(trees, '') as T;
}

/** Disposes every leaf of a tree but those that `kept` has as well. */
export function disposeTree(tree: TensorTree, kept: TensorTree = {}): void {
  const shared = new Set(flattenTree(kept).values());
  for (const leaf of flattenTree(tree).values()) if (!shared.has(leaf)) leaf.dispose();
}
