import { fixture, sharedGoldens } from '@toco/testing';
import type * as tf from '@tensorflow/tfjs-core';

/** Where expected values come from: our fixtures always, the reference's goldens where the shared folder exists. */
export function lossSources(): (readonly [string, Record<string, tf.Tensor>])[] {
  const goldens = sharedGoldens('losses');
  if (!goldens)
    console.warn('goldens are missing (no shared folder): only the synthetic fixtures are checked');
  return [['fixtures', fixture('losses')], ...(goldens ? ([['goldens', goldens]] as const) : [])];
}
