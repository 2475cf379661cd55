import { beforeAll, describe, expect, test } from '@jest/globals';
import { filterLattice, type Lattice, viewLattice } from '@toco/crf';
import { latticeTensors, type LatticeTensors } from '../src/lattice-filter.js';
import { packLattices } from '@toco/crf';
import { denseEnergyLattices } from '../src/dense-energy-lattices.js';
import { denseEnergyLoss } from '../src/dense-energy-loss.js';
import { initBackend } from '@toco/runtime';
import { expectClose, largestError } from '@toco/testing';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import { expectNoLeakOf } from './expect-no-leak.js';
import { lossSources } from './sources.js';

beforeAll(async () => {
  await initBackend();
});

const ignoreIndex = 255;
const weight = 1e-7;

/** Normalized images as levels 0…255, not truncated. */
const levels = (images: tf.Tensor): tf.Tensor4D =>
  tf.add(tf.mul(images, tf.tensor1d([58.395, 57.12, 57.375])), tf.tensor1d([123.675, 116.28, 103.53]));

test('value and gradient equal the recorded ones', async () => {
  for (const [, g] of lossSources()) {
    const lattice = latticeTensors(await denseEnergyLattices(levels(g['reg_images']!)));
    const [labels, imgBox] = [g['reg_label']!, g['reg_img_box']! as tf.Tensor2D];
    const { value, grad } = tf.valueAndGrad((x: tf.Tensor) =>
      denseEnergyLoss(x, { labels, imgBox, lattice }, { ignoreIndex }),
    )(g['reg_logits']!);
    await expectClose(tf.reshape(value, [1]), g['reg_loss']!, { relative: 1e-5 });
    await expectClose(grad, g['reg_grad']!, { relative: 1e-5 });
  }
});

interface Scene {
  readonly logits: tf.Tensor4D;
  readonly labels: tf.Tensor;
  readonly imgBox: tf.Tensor;
  readonly lattices: readonly Lattice[];
  readonly lattice: LatticeTensors;
}

/** Random images, logits and labels; the first image has a box that leaves a border of padding. */
async function scene(batch: number, h: number, w: number, classes: number, downsample = 2): Promise<Scene> {
  const images = tf.randomUniform([batch, h, w, 3], 0, 60, 'float32', 1);
  const data = (await images.data()) as Float32Array;
  const size = h * w * 3;
  const lattices = Array.from({ length: batch }, (_, b) =>
    viewLattice(data.subarray(b * size, (b + 1) * size), [h, w], { downsample }),
  );
  const drawn = tf.cast(tf.floor(tf.randomUniform([batch, h, w], 0, classes + 2, 'float32', 2)), 'int32');
  return {
    logits: tf.randomNormal([batch, h, w, classes], 0, 1, 'float32', 3),
    labels: tf.where(tf.less(drawn, classes), drawn, tf.fill(drawn.shape, ignoreIndex, 'int32')),
    imgBox: tf.tensor2d(
      Array.from({ length: batch }, (_, b) => (b ? [0, h, 0, w] : [1, h - 1, 2, w])),
      [batch, 4],
      'int32',
    ),
    lattices,
    lattice: latticeTensors(packLattices(lattices)),
  };
}

/** Loss and gradient as the formulas stand there, pixel by pixel in 64 bits (the filter itself in 32). */
async function plainDenseEnergy(
  { logits, labels, imgBox, lattices }: Scene,
  n = 2,
): Promise<{ loss: number; gradient: number[] }> {
  const [x, y, boxes] = [
    await logits.array(),
    (await labels.array()) as number[][][],
    (await imgBox.array()) as number[][],
  ];
  let loss = 0;
  const gradient = x.map((image, b) => {
    const [y0, y1, x0, x1] = boxes[b] as [number, number, number, number];
    const p = image.map((row) =>
      row.map((values) => {
        const e = values.map(Math.exp);
        const sum = e.reduce((a, value) => a + value, 0);
        return e.map((value) => value / sum);
      }),
    );
    const [h, w, classes] = [p.length / n, p[0]!.length / n, p[0]![0]!.length];
    const half: number[][] = [];
    const roi: number[] = [];
    const gate: number[] = [];
    for (let i = 0; i < h; i++)
      for (let j = 0; j < w; j++) {
        const block = p.slice(n * i, n * i + n).flatMap((row) => row.slice(n * j, n * j + n));
        const means = block[0]!.map((_, k) => block.reduce((sum, values) => sum + values[k]! / n ** 2, 0));
        const inside = n * i >= y0 && n * i < y1 && n * j >= x0 && n * j < x1 ? 1 : 0;
        half.push(means);
        roi.push(inside);
        gate.push(ignoreIndex === y[b]![n * i]![n * j] ? 1 : Math.max(inside - Math.max(...means), 0));
      }
    const s = half.flatMap((means, i) => means.map((value) => value * roi[i]!));
    const a = filterLattice(lattices[b]!, Float32Array.from(s), classes);
    s.forEach((value, i) => (loss -= (weight / x.length) * value * gate[Math.floor(i / classes)]! * a[i]!));
    return p.map((row, i) =>
      row.map((values, j) => {
        const at = Math.floor(i / n) * w + Math.floor(j / n);
        const d = values.map(
          (_, k) => ((-2 * weight) / x.length / n ** 2) * gate[at]! * a[at * classes + k]! * roi[at]!,
        );
        const mean = d.reduce((sum, value, k) => sum + value * values[k]!, 0);
        return values.map((value, k) => value * (d[k]! - mean));
      }),
    );
  });
  return { loss, gradient: gradient.flat(3) };
}

describe.each([
  [1, 8, 8, 2, 2],
  [2, 12, 16, 6, 2],
  [3, 10, 6, 21, 2],
  [2, 12, 16, 5, 4],
  [1, 9, 6, 3, 3],
  [2, 5, 7, 4, 1],
])('[%d,%d,%d,%d] at 1/%d', (batch, h, w, classes, downsample) => {
  test('value and gradient equal the formulas', async () => {
    const it = await scene(batch, h, w, classes, downsample);
    const { value, grad } = tf.valueAndGrad((x: tf.Tensor) =>
      denseEnergyLoss(x, it, { ignoreIndex, downsample }),
    )(it.logits);
    const expected = await plainDenseEnergy(it, downsample);
    expect(Math.abs((await value.data())[0]! / expected.loss - 1)).toBeLessThan(1e-5);
    const { error, scale } = largestError(await grad.data(), expected.gradient);
    expect(error).toBeLessThan(1e-5 * scale);
  });
});

test('where no pixel is gated the gradient follows the values, up to the asymmetry of the lattice', async () => {
  const it = await scene(2, 16, 16, 4);
  const targets = { ...it, labels: tf.fill([2, 16, 16], ignoreIndex, 'int32') };
  const loss = (x: tf.Tensor): tf.Scalar => denseEnergyLoss(x, targets, { ignoreIndex, weight: 1 });
  const gradient = tf.grad(loss)(it.logits);
  for (const seed of [1, 2, 3, 4]) {
    const direction = tf.randomNormal(it.logits.shape, 0, 1, 'float32', seed + 10);
    const delta = tf.mul(direction, 1e-2);
    const [above] = await loss(tf.add(it.logits, delta)).data();
    const [below] = await loss(tf.sub(it.logits, delta)).data();
    const [slope] = await tf.sum(tf.mul(gradient, direction)).data();
    const [length] = await tf.mul(tf.norm(gradient), tf.norm(direction)).data();
    expect(Math.abs((above! - below!) / 2e-2 - slope!) / length!).toBeLessThan(5e-3);
  }
});

test('neither what lies outside the box nor the order of images has an effect', async () => {
  const it = await scene(2, 8, 8, 3);
  const loss = denseEnergyLoss(it.logits, it, { ignoreIndex });
  // the box of image 0 starts at column 2: logits in columns 0 and 1 belong to padding alone
  const columns = tf.reshape(tf.cast(tf.less(tf.range(0, 8), 2), 'float32'), [1, 1, 8, 1]);
  const first = tf.reshape(tf.tensor1d([1, 0]), [2, 1, 1, 1]);
  const noise = tf.mul(tf.randomNormal(it.logits.shape, 0, 5, 'float32', 9), tf.mul(columns, first));
  await expectClose(denseEnergyLoss(tf.add(it.logits, noise), it, { ignoreIndex }), loss, { relative: 1e-6 });
  const swapped = {
    labels: tf.reverse(it.labels, 0),
    imgBox: tf.reverse(it.imgBox, 0),
    lattice: latticeTensors(packLattices([...it.lattices].reverse())),
  };
  await expectClose(denseEnergyLoss(tf.reverse(it.logits, 0), swapped, { ignoreIndex }), loss, {
    relative: 1e-6,
  });
});

test('is proportional to its weight', async () => {
  const it = await scene(1, 8, 8, 3);
  const [one] = await denseEnergyLoss(it.logits, it, { ignoreIndex }).data();
  const [three] = await denseEnergyLoss(it.logits, it, { ignoreIndex, weight: 3e-7 }).data();
  expect(three! / one!).toBeCloseTo(3, 5);
});

test('leaves nothing behind', async () => {
  const it = await scene(1, 8, 8, 3);
  await expectNoLeakOf((x) => denseEnergyLoss(x, it, { ignoreIndex }), it.logits);
});

test('names what does not fit', async () => {
  const it = await scene(1, 8, 8, 3);
  const odd = { ...it, labels: tf.zeros([1, 7, 8]) };
  expect(() => denseEnergyLoss(tf.zeros([1, 7, 8, 3]), odd, { ignoreIndex })).toThrow(/cannot be halved/);
  expect(() => denseEnergyLoss(it.logits, { ...it, imgBox: tf.zeros([2, 4]) }, { ignoreIndex })).toThrow(
    /imgBox/,
  );
  expect(() => viewLattice(new Float32Array(63), [3, 7])).toThrow(/cannot be halved/);
  expect(() => viewLattice(new Float32Array(60), [4, 4])).toThrow(/60 values instead of 4 × 4 × 3/);
});
