import { beforeAll, describe, expect, test } from '@jest/globals';
import { initBackend } from '@toco/runtime';
import { expectClose } from '@toco/testing';
import { ctcLoss } from '../src/ctc-loss.js';
import * as tf from '@tensorflow/tfjs-core';
import { checkGradient } from './check-gradient.js';
import { expectNoLeakOf } from './expect-no-leak.js';
import { lossSources } from './sources.js';

beforeAll(async () => {
  await initBackend();
});

const rows = (count: number, dim: number, seed: number): tf.Tensor =>
  tf.randomNormal([count, dim], 0, 0.5, 'float32', seed);
const randomFlags = (batch: number, views: number, seed: number): tf.Tensor =>
  tf.concat(
    [
      tf.ones([batch, 2]),
      tf.cast(tf.greater(tf.randomNormal([batch, views - 2], 0, 1, 'float32', seed), 0), 'float32'),
    ],
    1,
  );

test('value and gradient equal the recorded ones', async () => {
  for (const [, g] of lossSources()) {
    const [teacher, flags] = [g['ctc_teacher']!, g['ctc_flags']! as tf.Tensor2D];
    const { value, grad } = tf.valueAndGrad((x: tf.Tensor) =>
      ctcLoss(x, teacher, flags, { temperature: 0.5 }),
    )(g['ctc_student']!);
    await expectClose(value, g['ctc_loss']!, { relative: 3e-6 });
    await expectClose(grad, g['ctc_grad']!, { relative: 3e-6 });
  }
});

/** The formula written down plainly in 64 bits, view-major rows. */
function plainCtc(
  student: number[][],
  teacher: number[][],
  flags: number[][],
  tau: number,
  negativesTerm = true,
): number {
  const batch = flags.length;
  const globals = teacher.length / batch;
  let loss = 0;
  flags.forEach((row, b) => {
    const positives = row.filter((flag) => flag === 1).length;
    for (let g = 0; g < globals; g++) {
      const e = row.map((_, j) => {
        const s = student[j * batch + b]!;
        return Math.exp(teacher[g * batch + b]!.reduce((sum, t, d) => sum + t * s[d]!, 0) / tau);
      });
      const negatives = e.reduce((sum, value, j) => sum + (row[j] === 1 ? 0 : value), 0);
      const terms = e.map((value, j) => (row[j] === 1 ? -Math.log(value / (value + negatives + 1e-4)) : 0));
      const extra = negativesTerm ? -Math.log(1 / (1 + negatives + 1e-4)) : 0;
      const image = terms.reduce((sum, term) => sum + term, 0) + extra;
      loss += image / (globals * (positives + 1e-4)) / batch;
    }
  });
  return loss;
}

describe.each([
  [1, 3, 4],
  [2, 10, 8],
  [3, 6, 16],
])('%d images, %d views, %d dimensions', (batch, views, dim) => {
  test('equals the formula, and the gradient follows the values', async () => {
    const student = rows(views * batch, dim, 1);
    const teacher = rows(2 * batch, dim, 2);
    const flags = randomFlags(batch, views, 3);
    const expected = plainCtc(
      (await student.array()) as number[][],
      (await teacher.array()) as number[][],
      (await flags.array()) as number[][],
      0.7,
    );
    const [value] = await ctcLoss(student, teacher, flags, { temperature: 0.7 }).data();
    expect(Math.abs(value! / expected - 1)).toBeLessThan(2e-6);
    await checkGradient((x) => ctcLoss(x, teacher, flags, { temperature: 0.7 }), student, {
      tolerance: 2e-3,
    });
  });
});

test("without the reference's own term it is the paper's eq. 4, and the gradient follows the values", async () => {
  const [student, teacher, flags] = [rows(12, 8, 1), rows(4, 8, 2), randomFlags(2, 6, 3)];
  const options = { temperature: 0.7, negativesTerm: false };
  const [s, t, f] = [await student.array(), await teacher.array(), await flags.array()] as number[][][];
  const [value] = await ctcLoss(student, teacher, flags, options).data();
  expect(Math.abs(value! / plainCtc(s!, t!, f!, 0.7, false) - 1)).toBeLessThan(2e-6);
  expect(value).not.toBeCloseTo(plainCtc(s!, t!, f!, 0.7), 3);
  await checkGradient((x) => ctcLoss(x, teacher, flags, options), student, { tolerance: 2e-3 });
});

test('neither the order of images nor the order of crops matters', async () => {
  const [batch, views, dim] = [3, 5, 4];
  const student = tf.reshape(rows(15, dim, 1), [views, batch, dim]);
  const teacher = tf.reshape(rows(6, dim, 2), [2, batch, dim]);
  const flags = randomFlags(batch, views, 3);
  const images = tf.tensor1d([2, 0, 1], 'int32');
  const crops = tf.tensor1d([0, 1, 4, 2, 3], 'int32');
  const loss = ctcLoss(tf.reshape(student, [15, dim]), tf.reshape(teacher, [6, dim]), flags);
  const shuffled = ctcLoss(
    tf.reshape(tf.gather(tf.gather(student, images, 1), crops), [15, dim]),
    tf.reshape(tf.gather(teacher, images, 1), [6, dim]),
    tf.gather(tf.gather(flags, images), crops, 1),
  );
  await expectClose(shuffled, loss, { relative: 1e-6 });
});

test('all crops positive: nearly nothing, and no NaN', async () => {
  const [value] = await ctcLoss(rows(6, 4, 1), rows(2, 4, 2), tf.ones([1, 6])).data();
  expect(value).toBeGreaterThan(0);
  expect(value).toBeLessThan(1e-3);
});

test('similarities beyond the range of exp give a finite loss and gradient', async () => {
  const student = tf.mul(rows(5, 4, 1), 100);
  const teacher = tf.mul(rows(2, 4, 2), 100);
  const flags = tf.tensor2d([[1, 1, 0, 1, 0]]);
  const { value, grad } = tf.valueAndGrad((x: tf.Tensor) => ctcLoss(x, teacher, flags))(student);
  expect(Number.isFinite((await value.data())[0])).toBe(true);
  expect((await grad.data()).every(Number.isFinite)).toBe(true);
});

test('leaves nothing behind', async () => {
  const [teacher, flags] = [rows(4, 4, 1), randomFlags(2, 5, 2)];
  await expectNoLeakOf((x) => ctcLoss(x, teacher, flags), rows(10, 4, 3));
});

test('names what does not fit', () => {
  expect(() => ctcLoss(tf.zeros([9, 4]), tf.zeros([4, 4]), tf.ones([2, 5]))).toThrow(/ctcLoss: student/);
  expect(() => ctcLoss(tf.zeros([10, 4]), tf.zeros([3, 4]), tf.ones([2, 5]))).toThrow(/ctcLoss: teacher/);
});
