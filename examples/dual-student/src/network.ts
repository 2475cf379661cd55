import { disposeTree, mapTree } from '@toco/core';
import { createNetwork, type MakeNetwork, type NetworkParams } from '@toco/network';
import * as tf from '@tensorflow/tfjs-core';

/** What the second student has of its own; a projection head is only the first's, which does what ToCo does. */
type Student = Omit<NetworkParams, 'proj_head'>;

/** The network by its second student. */
export function secondStudent(params: NetworkParams): NetworkParams {
  return { ...params, ...(params as NetworkParams & { readonly second: Student }).second };
}

/**
 * ToCo's network twice: the first student under the names of every network, so that it alone is what is evaluated, the second below
 * `second`. A plain object again, in which what differs is replaced.
 */
export const network: MakeNetwork = (options) => {
  const one = createNetwork(options);
  return {
    ...one,
    init(seed) {
      const { params, teacher } = one.init(seed);
      const { params: other, teacher: unused } = one.init(seed + 1);
      const { proj_head, ...second } = other;
      disposeTree({ proj_head, unused });
      return { params: { ...params, second } as NetworkParams, teacher };
    },
    // Pretrained parameters of the backbone are those of both.
    withPretrained({ params, teacher }, encoder) {
      const { proj_head: _, ...second } = secondStudent(params);
      const copy = mapTree(encoder, (leaf) => tf.clone(leaf));
      return {
        params: { ...params, encoder, second: { ...second, encoder: copy } } as NetworkParams,
        teacher,
      };
    },
    trainable: (path) => one.trainable(path.replace(/^second\./, '')),
  };
};
