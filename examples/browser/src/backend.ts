import '@tensorflow/tfjs-backend-cpu';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Makes the first of some backends ready that works here, and says which: WebGPU where there is a graphics processor and a browser that lets
 * pages compute on it, else WebAssembly, else JavaScript.
 */
export async function readyBackend(backends: readonly string[] = ['webgpu', 'wasm', 'cpu']): Promise<string> {
  setWasmPaths(new URL('wasm/', self.location.href).href);
  for (const name of backends) {
    if (name === 'webgpu' && !(await hasWebGpu())) continue;
    if (await tf.setBackend(name).catch(() => false)) {
      await tf.ready();
      return name;
    }
  }
  throw new Error(`This browser has none of ${backends.join(', ')}; try a current one.`);
}

/** TensorFlow.js takes WebGPU as soon as the browser knows the word; here an adapter must be there, too. */
async function hasWebGpu(): Promise<boolean> {
  const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<unknown> } };
  const adapter = await gpu?.requestAdapter().catch(() => undefined);
  return adapter !== undefined && adapter !== null;
}
