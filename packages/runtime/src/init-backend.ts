import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';

/** What {@link initBackend} chose. */
export interface BackendInfo {
  /** Name of the TensorFlow.js backend that is now active. */
  readonly backend: 'tensorflow' | 'wasm' | 'cpu';
}

/** Loads libtensorflow through tfjs-node-gpu and makes it the active backend of the caller's TensorFlow.js. */
export async function initBackend(): Promise<BackendInfo> {
  if (!tf.findBackend('tensorflow')) {
    process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '3';
    const require = createRequire(join(process.cwd(), 'package.json'));
    const root = createRequire(new URL('../../../package.json', import.meta.url));
    const resolve = (id: string): string => {
      try {
        return require.resolve(id);
      } catch {
        return root.resolve(id);
      }
    };
    root(resolve('@tensorflow/tfjs-node-gpu/dist/register_all_kernels.js'));
    const { NodeJSKernelBackend } = root(resolve('@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend.js'));
    const binding = root(join(homedir(), '.cache/toco/provisional/tfjs_binding.node'));
    tf.registerBackend('tensorflow', () => new NodeJSKernelBackend(binding, '@tensorflow/tfjs-node-gpu'), 3);
  }
  await tf.setBackend('tensorflow');
  await tf.ready();
  return { backend: 'tensorflow' };
}
