import { beforeAll, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { disposeTree, flattenTree, mapTree, unflattenTree, zipTrees } from '../src/tensor-tree.js';
import { initBackend } from '@toco/runtime';
import { expectNoLeak } from '@toco/testing';

beforeAll(async () => {
  await initBackend();
});

const tree = () => ({
  blocks: [{ weight: tf.scalar(1), bias: undefined }, { weight: tf.scalar(2) }],
  head: { inner: { weight: tf.scalar(3) } },
});

test('leaves have dotted paths, in order', () => {
  expect([...flattenTree(tree()).keys()]).toEqual([
    'blocks.0.weight',
    'blocks.1.weight',
    'head.inner.weight',
  ]);
  expect([...flattenTree(tf.scalar(1)).keys()]).toEqual(['']);
});

test('mapTree keeps the structure and gives the paths', async () => {
  const paths: string[] = [];
  const doubled = mapTree(tree(), (leaf, path) => {
    paths.push(path);
    return tf.mul(leaf, 2);
  });
  expect(Array.isArray(doubled.blocks)).toBe(true);
  expect(paths).toEqual(['blocks.0.weight', 'blocks.1.weight', 'head.inner.weight']);
  expect((await doubled.head.inner.weight.data())[0]).toBe(6);
});

test('zipTrees combines leaves of the same path', async () => {
  const sum = zipTrees([tree(), tree(), tree()], ([a, b, c]) => tf.addN([a!, b!, c!]));
  expect((await sum.blocks[1]!.weight.data())[0]).toBe(6);
});

test('trees that differ are refused', () => {
  const one = { a: tf.scalar(1), b: { c: tf.scalar(2) } };
  const f = () => tf.scalar(0);
  expect(() => zipTrees([one, { a: tf.scalar(1) }], f)).toThrow(
    "tree: 'b' is undefined, expected trees of the same paths",
  );
  expect(() => zipTrees([{ a: tf.scalar(1) }, one], f)).toThrow("tree: 'b' is undefined");
  expect(() => zipTrees([one, { a: one, b: one }], f)).toThrow("tree: 'a' is a tensor");
  expect(() => zipTrees([{ list: [tf.scalar(1)] }, { list: [tf.scalar(1), tf.scalar(2)] }], f)).toThrow(
    "tree: 'list.1' is undefined",
  );
  expect(() => flattenTree({ depth: { x: 3 } })).toThrow("tree: 'depth.x' is 3, expected a tensor");
});

test('unflattenTree is the inverse of flattenTree', () => {
  const original = { a: { b: tf.scalar(1), c: { d: tf.scalar(2) } }, e: tf.scalar(3) };
  expect(unflattenTree(flattenTree(original))).toEqual(original);
  expect(Object.keys(unflattenTree({ 'x.y': tf.scalar(1) }))).toEqual(['x']);
  expect(() => unflattenTree({ x: tf.scalar(1), 'x.y': tf.scalar(2) })).toThrow('lies below the tensor');
  expect(() => unflattenTree({ 'x.y': tf.scalar(2), x: tf.scalar(1) })).toThrow("tree: 'x' is given twice");
});

test('disposeTree disposes every leaf', async () => {
  await expectNoLeak(() => {
    disposeTree(tree());
  });
});
