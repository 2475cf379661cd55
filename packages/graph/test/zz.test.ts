import { test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { initBackend } from '@toco/runtime';
import { compileFunction } from '../src/index.js';
import { Program } from '../src/program.js';
import { readFields, messages, text } from '../src/protobuf.js';
test('x', async () => {
  await initBackend();
  const original = Program.prototype.profile;
  Program.prototype.profile = async function (l, b) { const m = await original.call(this, l, b); const f = readFields(m); console.log(m.length, f.map(x=>[x.number, (x.value as any).length]));
  for (const s of messages(f,1)) for (const d of messages(s,1)) console.log(text(d,1), messages(d,2).map(n=>text(n,1)));
  return m; };
  const c = await compileFunction((_: object, { x }: { x: tf.Tensor2D }) => tf.sum(tf.matMul(x, x)), { params: {}, inputs: { x: tf.ones([300, 300]) as tf.Tensor2D } });
  console.log(await c.profile({ x: tf.ones([300, 300]) as tf.Tensor2D }));
  console.log(await c.profile({ x: tf.ones([300, 300]) as tf.Tensor2D }));
});
