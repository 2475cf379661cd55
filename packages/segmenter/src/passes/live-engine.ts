import type { HostTensor, TensorTree } from '@toco/core';
import type { ApplyOptions, Network } from '@toco/network';
import type * as tf from '@tensorflow/tfjs-core';
import { filled, firstOf } from './filled-batch.js';
import { networkPass, type UsedParams } from './network-pass.js';
import type { PassEngine, PassResult } from './pass-engine.js';

/**
 * Makes of a function of parameters and images one over the parameters of the moment, that a training run holds: `inference` of a
 * stepper of `@toco/trainer`.
 */
export type Prepare<P extends TensorTree> = (
  pass: (
    params: UsedParams<P>,
    inputs: { readonly images: tf.Tensor4D },
  ) => Readonly<Record<string, tf.Tensor>>,
) => (inputs: { readonly images: HostTensor }) => Promise<Readonly<Record<string, unknown>>>;

/** Runs a network's passes over parameters that something else holds and changes. What is wanted is prepared once. */
export function liveEngine<P extends TensorTree>(
  { network, prepare }: { readonly network: Network<P>; readonly prepare: Prepare<P> },
  forward: ApplyOptions | undefined,
): PassEngine {
  const { backbone, numClasses } = network;
  const prepared = new Map<string, ReturnType<Prepare<P>>>();
  return {
    name: backbone.name,
    stride: backbone.stride,
    numClasses,
    gives: (output) => output !== 'attention' || backbone.classToken === 'learned',
    async run(images, wanted, fill) {
      const key = wanted.join();
      let pass = prepared.get(key);
      if (!pass) {
        pass = prepare(
          (params, inputs) =>
            networkPass(network, params, { ...inputs, wanted, forward }) as Record<string, tf.Tensor>,
        );
        prepared.set(key, pass);
      }
      const [batch] = images.shape;
      return firstOf((await pass({ images: filled(images, fill ?? batch) })) as PassResult, batch);
    },
    // What was prepared is its owner's.
    dispose: () => undefined,
  };
}
