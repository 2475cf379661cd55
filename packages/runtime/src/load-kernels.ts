import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs-core';
import { UserError } from '@toco/files';
import { setupCommand } from './engine.js';
import { findKernels } from './kernels.js';
import { registerLinearKernel } from './linear-kernel.js';
import { measuredBefore, rememberMeasured } from './measured.js';
import { areTilesFaster, registerTileProducts } from './tile-products.js';

/** What `TOCO_KERNELS` may be: the best instruction set to use, or none of our kernels. */
const choices = ['amx_bf16', 'avx512_bf16', 'avx512', 'avx2', 'neon', 'off'] as const;

/** What the module says, see `native/kernels/module.cc`. */
interface Registered {
  readonly instructions: string | null;
  readonly products: boolean;
  readonly passedOver: string | null;
  readonly bf16IsSlower: boolean | null;
}

interface KernelsModule {
  readonly register: (
    limit: string | undefined,
    threads: number,
    bf16IsSlower: boolean | undefined,
  ) => Registered;
}

/** The parts of tfjs-node's backend that run an operation by its name. */
interface Operations {
  readonly binding: Readonly<Record<'TF_ATTR_TYPE' | 'TF_ATTR_INT' | 'TF_ATTR_BOOL', number>>;
  executeMultipleOutputs(
    name: string,
    attributes: readonly {
      readonly name: string;
      readonly type: number;
      readonly value: number | boolean | readonly number[];
    }[],
    inputs: readonly tf.TensorInfo[],
    count: number,
  ): tf.TensorInfo[];
}

/** What became of the kernels: the instructions that they use and why not better ones, or why they are not used. */
export type KernelsState =
  | { readonly instructions: string; readonly tileProducts: boolean; readonly passedOver?: string }
  | { readonly without: string };

/**
 * Adds to the loaded TensorFlow, and to the backend "tensorflow", the operations that TensorFlow lacks on the CPU:
 * `TocoAttention`, its gradient, `TocoLatticeFilter`, `TocoRefine`, `TocoGelu`, `TocoLayerNorm` and `TocoLinear`, and `TocoProduct` where tiles
 * multiply faster than it does.
 *
 * @param threads that one operation may use
 */
export function loadKernels(threads: number): KernelsState {
  const limit = process.env['TOCO_KERNELS'];
  if (limit && !(choices as readonly string[]).includes(limit)) {
    throw new UserError(`TOCO_KERNELS is "${limit}": it may be ${choices.join(', ')}, or not be set.`);
  }
  if (limit === 'off') return { without: 'switched off by TOCO_KERNELS' };
  const path = findKernels();
  if (path === undefined) return { without: `not installed: run "${setupCommand}"` };
  const { instructions, products, passedOver, bf16IsSlower } = register(path, limit, threads);
  if (instructions === null) return { without: passedOver ?? 'this processor has no AVX2' };
  if (bf16IsSlower !== null) rememberMeasured({ bf16IsSlower });
  registerOperation('TocoAttention', ['qkv'], 2, threads);
  registerOperation('TocoAttentionGrad', ['qkv', 'output', 'logSums', 'dOutput'], 1, threads);
  registerOperation('TocoLatticeFilter', ['values', 'offsets', 'weights', 'neighbors'], 1, threads);
  registerOperation('TocoRefine', ['planes', 'weights'], 1, threads);
  registerOperation('TocoGelu', ['x'], 1, threads);
  registerOperation('TocoLayerNorm', ['x', 'weight', 'bias', 'epsilon'], 1, threads);
  registerLinearKernel(threads);
  const tileProducts = products && choosesTiles(limit);
  if (tileProducts) registerTileProducts();
  return { instructions, tileProducts, ...(passedOver !== null && { passedOver }) };
}

/** What is asked for by name is not measured. */
function choosesTiles(limit: string | undefined): boolean {
  if (limit) return true;
  const before = measuredBefore().productsByTiles;
  if (before !== undefined) return before;
  const productsByTiles = areTilesFaster();
  rememberMeasured({ productsByTiles });
  return productsByTiles;
}

/** Adds the operations of the module at `path` to TensorFlow. */
function register(path: string, limit: string | undefined, threads: number): Registered {
  try {
    const module = createRequire(import.meta.url)(path) as KernelsModule;
    return module.register(limit === '' ? undefined : limit, threads, measuredBefore().bf16IsSlower);
  } catch (error) {
    const message = (error as Error).message.split('\n')[0];
    throw new UserError(
      `The kernels could not be added to TensorFlow (${message}): run "${setupCommand}", or set TOCO_KERNELS=off to do without.`,
    );
  }
}

/**
 * Lets TensorFlow.js run an operation of `count` outputs by `tf.engine().runKernel`; its attributes are switches and whole
 * numbers.
 */
function registerOperation(
  kernelName: string,
  inputNames: readonly string[],
  count: number,
  threads: number,
): void {
  const kernelFunc: tf.KernelFunc = ({ inputs, attrs, backend }) => {
    const operations = backend as Operations;
    const { binding } = operations;
    const attributes = [
      { name: 'T', type: binding.TF_ATTR_TYPE, value: 1 }, // float32
      { name: 'threads', type: binding.TF_ATTR_INT, value: threads },
      ...Object.entries(attrs ?? {}).map(([name, value]) => ({
        name,
        type: typeof value === 'boolean' ? binding.TF_ATTR_BOOL : binding.TF_ATTR_INT,
        value: value as boolean | number | number[],
      })),
    ];
    const tensors = inputNames.map((name) => inputs[name]!);
    const outputs = operations.executeMultipleOutputs(kernelName, attributes, tensors, count);
    return count === 1 ? outputs[0]! : outputs;
  };
  tf.registerKernel({ kernelName, backendName: 'tensorflow', kernelFunc });
}
