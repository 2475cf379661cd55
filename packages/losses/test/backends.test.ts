import { describe, expect, test } from '@jest/globals';
import { latticeTensors } from '../src/lattice-filter.js';
import { clsLoss } from '../src/cls-loss.js';
import { ctcLoss } from '../src/ctc-loss.js';
import { denseEnergyLattices } from '../src/dense-energy-lattices.js';
import { denseEnergyLoss } from '../src/dense-energy-loss.js';
import { ptcLoss } from '../src/ptc-loss.js';
import { segLoss } from '../src/seg-loss.js';
import { tokenAffinity } from '../src/token-affinity.js';
import { expectClose, fixture } from '@toco/testing';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';

const ignoreIndex = 255;

/** Losses by the name of their fixtures. */
const losses = async (g: Record<string, tf.Tensor>): Promise<Record<string, (x: tf.Tensor) => tf.Scalar>> => {
  const levels = tf.add(
    tf.mul(g['reg_images']!, tf.tensor1d([58.395, 57.12, 57.375])),
    tf.tensor1d([123.675, 116.28, 103.53]),
  );
  const [labels, imgBox] = [g['reg_label']!, g['reg_img_box']!];
  const lattice = latticeTensors(await denseEnergyLattices(levels));
  return {
    cls: (x) => clsLoss(x, g['cls_labels']!),
    ptc: (x) => ptcLoss(tf.reshape(x, [2, 64, 16]), g['ptc_affinity']!),
    ctc: (x) => ctcLoss(x, g['ctc_teacher']!, g['ctc_flags']!),
    seg: (x) => segLoss(x, g['seg_label']!, { ignoreIndex }),
    reg: (x) => denseEnergyLoss(x, { labels, imgBox, lattice }, { ignoreIndex }),
  };
};

const names = ['cls', 'ptc', 'ctc', 'seg', 'reg'] as const;

describe.each(['cpu', 'wasm'])('on the %s backend', (backend) => {
  test('values and gradients equal the recorded ones', async () => {
    await tf.setBackend(backend);
    await tf.ready();
    expect(tf.getBackend()).toBe(backend);
    const g = fixture('losses');
    const all = await losses(g);
    for (const name of names) {
      const { value, grad } = tf.valueAndGrad(all[name]!)(
        g[`${name}_logits`] ?? g[`${name}_tokens`] ?? g[`${name}_student`]!,
      );
      const expected = g[`${name}_loss`]!;
      await expectClose(tf.reshape(value, expected.shape), expected, { relative: 1e-5 });
      await expectClose(grad, g[`${name}_grad`]!, { relative: 1e-5 });
    }
    const affinity = tokenAffinity(tf.tensor2d([[0, 3, 3]], [1, 3], 'int32'), { ignoreIndex });
    expect(Array.from(await affinity.data())).toEqual([255, 0, 0, 0, 255, 1, 0, 1, 255]);
  });
});
