import { bilateralFilter, bilateralLattice, denseCrf, tocoCamCrf, tocoSegmentationCrf } from '@toco/crf';
import { latticeFilter, latticeTensors } from '@toco/losses';
import { packLattices } from '@toco/crf';
import { par } from '@toco/par';
import type * as tf from '@tensorflow/tfjs-core';
import { arrayOf, tensorOf, valuesOf, type GoldenFolder } from './golden-folder.js';
import { compareValues, type Row } from './row.js';

/** `par`: refined masks after 1 and 10 iterations, and after 2 with two dilations. */
export async function checkPar(folder: GoldenFolder): Promise<Row[]> {
  const arrays = folder.arrays('par');
  const images = tensorOf(arrays, 'images') as tf.Tensor4D;
  const masks = tensorOf(arrays, 'masks') as tf.Tensor4D;
  const variants = {
    refined_10_iter: { iterations: 10 },
    refined_1_iter: { iterations: 1 },
    refined_2_iter_dilations_1_2: { iterations: 2, dilations: [1, 2] },
  };
  return Promise.all(
    Object.entries(variants).map(([key, options]) =>
      compareValues(`par: ${key}`, par(images, masks, options), {
        expected: valuesOf(arrays, key),
        relative: 1e-5,
      }),
    ),
  );
}

/** `bilateral_filter`: on typed arrays and as tensor operations. */
export async function checkBilateralFilter(folder: GoldenFolder): Promise<Row[]> {
  const arrays = folder.arrays('bilateral_filter');
  const { shape } = arrayOf(arrays, 'values');
  const [batch, height, width, channels] = shape as [number, number, number, number];
  const images = Float32Array.from(valuesOf(arrays, 'images'));
  const values = Float32Array.from(valuesOf(arrays, 'values'));
  const sigmas = { sigmaXy: valuesOf(arrays, 'sigma_xy')[0]!, sigmaRgb: valuesOf(arrays, 'sigma_rgb')[0]! };
  const image = (b: number): Float32Array =>
    images.subarray(b * height * width * 3, (b + 1) * height * width * 3);
  const size = height * width * channels;

  const filtered = new Float32Array(values.length);
  for (let b = 0; b < batch; b++) {
    const one = values.subarray(b * size, (b + 1) * size);
    filtered.set(bilateralFilter(one, image(b), { height, width, channels, ...sigmas }), b * size);
  }
  const lattices = Array.from({ length: batch }, (_, b) => bilateralLattice(image(b), height, width, sigmas));
  const onTensors = latticeFilter(
    tensorOf(arrays, 'values') as tf.Tensor4D,
    latticeTensors(packLattices(lattices)),
  );
  const expected = valuesOf(arrays, 'filtered');
  return [
    await compareValues('bilateral_filter: filtered', filtered, { expected, relative: 1e-4 }),
    await compareValues('bilateral_filter: filtered (on tensors)', onTensors, { expected, relative: 1e-4 }),
  ];
}

/** `dense_crf`: Q after ten iterations with both presets of ToCo. */
export async function checkDenseCrf(folder: GoldenFolder): Promise<Row[]> {
  const arrays = folder.arrays('dense_crf');
  const [height, width, classes] = arrayOf(arrays, 'probabilities').shape as [number, number, number];
  const image = Float32Array.from(valuesOf(arrays, 'image'));
  const probabilities = Float32Array.from(valuesOf(arrays, 'probabilities'));
  const presets = { q_toco_cam: tocoCamCrf, q_toco_eval: tocoSegmentationCrf };
  return Promise.all(
    Object.entries(presets).map(([key, preset]) =>
      compareValues(
        `dense_crf: ${key}`,
        denseCrf(image, probabilities, { height, width, classes, ...preset, iterations: 10 }),
        { expected: valuesOf(arrays, key), relative: 1e-4 },
      ),
    ),
  );
}
