import { clsLoss, ctcLoss, denseEnergyLattices, denseEnergyLoss, ptcLoss, segLoss } from '@toco/losses';
import { denormalize } from '@toco/cam';
import { latticeTensors } from '@toco/losses';
import * as tf from '@tensorflow/tfjs-core';
import { tensorOf, valuesOf, type GoldenFolder } from './golden-folder.js';
import { compareValues, type Row } from './row.js';

const ignoreIndex = 255;

/** `losses`: value and gradient of every term. */
export async function checkLosses(folder: GoldenFolder): Promise<Row[]> {
  const arrays = folder.arrays('losses');
  const { temp, energy } = folder.config;
  const t = <T extends tf.Tensor>(key: string): T => tensorOf<T>(arrays, key);

  const levels = denormalize(t('reg_images'), { rounding: 'none' });
  const lattice = latticeTensors(
    await denseEnergyLattices(levels, { sigmaXy: energy.sigma_xy, sigmaRgb: energy.sigma_rgb }),
  );
  const affinity = t<tf.Tensor3D>('ptc_affinity');
  const terms: Record<string, { at: string; f: (x: tf.Tensor) => tf.Scalar }> = {
    cls: { at: 'cls_logits', f: (x) => clsLoss(x, t('cls_labels')) },
    ptc: {
      at: 'ptc_tokens',
      f: (x) => ptcLoss(tf.reshape(x, [x.shape[0], -1, x.shape[3]!]) as tf.Tensor3D, affinity),
    },
    ctc: {
      at: 'ctc_student',
      f: (x) => ctcLoss(x, t('ctc_teacher'), t('ctc_flags'), { temperature: temp }),
    },
    seg: { at: 'seg_logits', f: (x) => segLoss(x, t('seg_label'), { ignoreIndex }) },
    reg: {
      at: 'reg_logits',
      f: (x) =>
        denseEnergyLoss(
          x,
          { labels: t('reg_label'), imgBox: t('reg_img_box'), lattice },
          { ignoreIndex, weight: energy.weight },
        ),
    },
  };
  const rows: Row[] = [];
  for (const [name, { at, f }] of Object.entries(terms)) {
    const { value, grad } = tf.valueAndGrad(f)(t(at));
    for (const [key, actual] of [
      [`${name}_loss`, value],
      [`${name}_grad`, grad],
    ] as const) {
      rows.push(
        await compareValues(`losses: ${key}`, actual, { expected: valuesOf(arrays, key), relative: 1e-4 }),
      );
    }
  }
  return rows;
}
