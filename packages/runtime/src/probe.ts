/** A program of its own, run by `doctor`: loads the engine, multiplies two matrices, prints what it found as JSON. */
import * as tf from '@tensorflow/tfjs-core';
import { initBackend } from './init-backend.js';

try {
  const { version, device, kernels } = await initBackend({ backend: 'tensorflow', print: () => undefined });
  const [product] = await tf.matMul([[1, 2]], [[3], [4]]).data();
  if (product !== 11) throw new Error(`it computes wrongly: 1 · 3 + 2 · 4 = ${product}`);
  process.stdout.write(JSON.stringify({ version, device, kernels }));
} catch (error) {
  process.stderr.write(String((error as Error).message.split('\n')[0]));
  process.exitCode = 1;
}
