import { beforeAll, describe, expect, test } from '@jest/globals';
import { denormalize } from '@toco/cam';
import { type Correction, corrections, correctionsOf } from '@toco/core';
import { initBackend } from '@toco/runtime';
import * as tf from '@tensorflow/tfjs-core';
import { computeTargets, stepConfig, type StepConfigInput, type Targets } from '@toco/method';
import { smallBatch, smallConfig, smallNetwork } from './small-run.js';

beforeAll(async () => {
  await initBackend();
});

describe('in a configuration', () => {
  test('a word is for all corrections, an object for those that it names', () => {
    expect(stepConfig().behavior).toEqual(correctionsOf('corrected'));
    expect(stepConfig({ behavior: 'reference' }).behavior).toEqual(correctionsOf('reference'));
    expect(stepConfig({ behavior: { lateFlip: 'reference' } }).behavior).toEqual(
      correctionsOf({ lateFlip: 'reference' }),
    );
  });

  test('the key of earlier versions for odd sizes is still read', () => {
    const earlier = { behavior: 'reference', oddSizes: 'corrected' } as StepConfigInput;
    expect(stepConfig(earlier).behavior).toEqual({ ...correctionsOf('reference'), oddSizes: 'corrected' });
  });

  test('mistakes are told in one line', () => {
    const given = (behavior: unknown) => () => stepConfig({ behavior } as StepConfigInput);
    expect(given('refrence')).toThrow(
      'stepConfig: behavior: write reference, corrected, or one of the two for each of tokenBox, lateFlip, cropPadding, rounding, oddSizes.',
    );
    expect(given({ tokenBocks: 'reference' })).toThrow(
      'stepConfig: unknown key behavior.tokenBocks; did you mean behavior.tokenBox?',
    );
    expect(given({ rounding: 'up' })).toThrow(
      "stepConfig: behavior.rounding is none of the values that there are; write reference or corrected ('reference': de-normalized levels are truncated, not rounded).",
    );
  });
});

/** What of the targets changes where one defect is reproduced; that of the views lies in the batch already. */
const changes: Readonly<Record<Correction, readonly (keyof Targets)[]>> = {
  tokenBox: ['tokenLabels', 'affinity'],
  lateFlip: [],
  cropPadding: ['cropOrigins', 'cropFlags', 'crops'],
  rounding: ['pixelLabels', 'segLabels'],
  oddSizes: ['cam', 'camAux'],
};

/** What follows from the CAMs, and may change with them. */
const ofCams = new Set<keyof Targets>([
  ...['tokenLabels', 'affinity', 'cropOrigins', 'cropFlags', 'crops', 'pixelLabels', 'segLabels'],
] as (keyof Targets)[]);

test.each(corrections)('%s alone changes its own targets and no others', async (name) => {
  const network = smallNetwork();
  const { params } = network.init(7);
  const small = await smallBatch();
  const imgBox = tf.tensor2d(
    [
      [10, 40, 0, 64],
      [0, 64, 22, 60],
    ],
    [2, 4],
    'int32',
  );
  const batch = { ...small, images: dark(small.images), imgBox };
  const main = network.forward(params, batch.images);
  const targetsOf = async (behavior: StepConfigInput['behavior']): Promise<Map<string, string>> => {
    // 64 pixels at 0.7 are 5.6 patches
    const config = smallConfig({ behavior, cam: { scales: [1, 0.7], low: 0.45, high: 0.5 } });
    const targets = computeTargets({ network, config, phase: config.phases[0]! }, { params, batch, main });
    const entries = Object.entries(targets).map(
      async ([key, value]) => [key, String(await (value as tf.Tensor).data())] as const,
    );
    return new Map(await Promise.all(entries));
  };
  const [corrected, alone] = [await targetsOf('corrected'), await targetsOf({ [name]: 'reference' })];
  const changed = [...corrected.keys()].filter((key) => alone.get(key) !== corrected.get(key));
  const own = name === 'oddSizes' ? changed.filter((key) => !ofCams.has(key as keyof Targets)) : changed;
  expect(own.sort()).toEqual([...changes[name]].filter((key) => corrected.has(key)).sort());
});

/**
 * Images in 9 dark levels, 44 … 52: of these 32-bit arithmetic leaves red 45, 46, 47, 51 and 52 just below the whole number, so that
 * truncation takes a level, and where there are so few the refinement sees it.
 */
function dark(images: tf.Tensor4D): tf.Tensor4D {
  return tf.tidy(() => {
    const levels = tf.add(tf.round(tf.div(denormalize(images, { rounding: 'nearest' }), 32)), 44);
    const [mean, std] = [tf.tensor1d([0.485, 0.456, 0.406]), tf.tensor1d([0.229, 0.224, 0.225])];
    return tf.div(tf.sub(tf.div(levels, 255), mean), std);
  });
}
