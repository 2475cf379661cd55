import { describe, expect, test } from '@jest/globals';
import { cropFlags } from '../src/crops/crop-flags.js';
import { cutCrops } from '../src/crops/cut-crops.js';
import { denormalize } from '../src/denormalize.js';
import { drawCrops } from '../src/crops/draw-crops.js';
import { eligibleCenters } from '../src/crops/eligible-centers.js';
import { multiScaleCams } from '../src/multi-scale-cams.js';
import { refinedLabels } from '../src/refined-labels.js';
import { regionMask } from '../src/region-mask.js';
import { selectClasses } from '../src/select-classes.js';
import { tokenLabels } from '../src/token-labels.js';
import { expectClose, fixture } from '@toco/testing';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';

const ignoreIndex = 255;

describe.each(['cpu', 'wasm'] as const)('on the %s backend', (backend) => {
  test('labels, levels and crops equal the recorded ones', async () => {
    await tf.setBackend(backend);
    await tf.ready();
    expect(tf.getBackend()).toBe(backend);
    const g = { ...fixture('pseudo_labels'), ...fixture('pseudo_labels_corrected') };
    const targets = { labels: g['class_labels']!, imgBox: g['img_box']! };
    const region = regionMask(g['cams']!, targets.labels);
    await expectClose(region, g['roi_mask']!, {});
    const tokens = tokenLabels(g['token_cam']!, targets, { grid: [8, 8], imageSize: [64, 64], ignoreIndex });
    await expectClose(tokens, g['token_label']!, {});
    const levels = tf.div(denormalize(g['images']!, { rounding: 'nearest' }), 255);
    await expectClose(levels, g['images_denormalized']!, { absolute: 1e-7 });
    const crops = { cropSize: 24, numCrops: 8 };
    const eligible = eligibleCenters(g['draw_roi_mask']!, g['draw_img_box']!, crops);
    await expectClose(tf.cast(eligible, 'int32'), g['draw_centres']!, {});
    const flags = cropFlags(
      region,
      { origins: g['crop_origins']!, imgBox: targets.imgBox },
      { cropSize: 24 },
    );
    await expectClose(flags, g['crop_flags']!, {});
    const origins = drawCrops(eligible, tf.randomUniform([3, 64, 64], 0, 1, 'float32', 1), crops);
    const cut = cutCrops(tf.ones([3, 64, 64, 3]), origins, 24);
    await expectClose(cut, tf.ones([24, 24, 24, 3]), {});
    const cam = tf.tensor4d([0.9, 0.1, 0.2, 0.9, 0.1, 0.8, 0.9, 0.1], [1, 2, 2, 2]);
    const planes = selectClasses(tf.tile(cam, [2, 1, 1, 1]), tf.tensor2d([[1], [0]], [2, 1], 'int32'));
    expect(await tf.round(tf.mul(planes, 10)).array()).toEqual([
      [
        [[1], [9]],
        [[8], [1]],
      ],
      [
        [[9], [2]],
        [[1], [9]],
      ],
    ]);
    // PAR takes minutes on the plain JavaScript backend at full length
    const uniform = { labels: tf.tensor2d([[1, 0]]), images: tf.zeros([1, 8, 8, 3]) };
    const left = tf.reshape(tf.cast(tf.less(tf.range(0, 8), 4), 'float32'), [1, 1, 8, 1]);
    const refined = refinedLabels(tf.tile(tf.mul(left, tf.tensor1d([1, 1])), [1, 8, 1, 1]), uniform, {
      ignoreIndex,
      par: { iterations: 1, dilations: [1] },
    });
    const row = Array.from(await tf.slice(refined, [0, 0, 0], [1, 1, 8]).data());
    expect([row.slice(0, 3), row.slice(6)]).toEqual([
      [1, 1, 1],
      [0, 0],
    ]);
    const pooled = (x: tf.Tensor4D): { cam: tf.Tensor; camAux: tf.Tensor } => {
      const cam = tf.avgPool(x, 8, 8, 'valid');
      return { cam, camAux: tf.neg(cam) };
    };
    const { cam: fused } = multiScaleCams(pooled, g['images']!, { stride: 8 });
    expect((await tf.max(fused).data())[0]).toBeGreaterThan(0.99);
  });
});
