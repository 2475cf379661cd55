import * as tf from '@tensorflow/tfjs-core';
import { recordTape, type Tape } from './record-tape.js';
import { testNumbers } from './random-tensor.js';

/** How finely and how strictly a gradient is checked. */
export interface GradientCheckOptions {
  /** Largest difference, as a part of the largest derivative along the checked directions of one input. */
  readonly relative: number;
  /** Difference allowed on top, for derivatives that are nearly zero. */
  readonly absolute?: number | undefined;
  /** Step of the differences, in units of the input; two of them must not cross a kink. */
  readonly step?: number | undefined;
  /** Random directions per input that has more than `entries` values. */
  readonly directions?: number | undefined;
  /** Inputs of up to this many values are checked value by value. */
  readonly entries?: number | undefined;
  readonly seed?: number | undefined;
}

/** What a gradient check saw. */
export interface GradientCheckReport extends Tape {
  /** Largest |difference| / scale over all inputs. */
  readonly error: number;
}

/**
 * Checks the gradient of `f` with respect to every input against finite differences; fails beyond the tolerance.
 *
 * The scalar that is differentiated is Σ w·f(x) with random weights w, summed in 64 bits, and its derivative along a direction
 * is the Richardson extrapolation of two central differences, (4·D(h) − D(2h))/3. So the truncation is of order h⁴, and
 * float32 leaves about 1e-5 of noise at the default step.
 *
 * @param f from tensors to one tensor; every input must matter to it
 * @param inputs float32 tensors
 */
export async function gradientCheck(
  f: (...inputs: tf.Tensor[]) => tf.Tensor,
  inputs: readonly tf.Tensor[],
  { relative, absolute = 0, step = 0.02, directions = 6, entries = 24, seed = 1 }: GradientCheckOptions,
): Promise<GradientCheckReport> {
  const draw = testNumbers(seed);
  const shape = tf.tidy(() => f(...inputs).shape);
  const weights = Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => 2 * draw() - 1);

  const value = async (i: number, direction: Float32Array, distance: number): Promise<number> => {
    const result = tf.tidy(() => {
      const moved = tf.add(inputs[i]!, tf.mul(tf.tensor(direction, inputs[i]!.shape), distance));
      return f(...inputs.map((input, j) => (j === i ? moved : input)));
    });
    const values = await result.data();
    result.dispose();
    return weights.reduce((total, weight, k) => total + weight * values[k]!, 0);
  };
  const derivative = async (i: number, direction: Float32Array): Promise<number> => {
    const difference = async (h: number): Promise<number> =>
      ((await value(i, direction, h)) - (await value(i, direction, -h))) / (2 * h);
    return (4 * (await difference(step)) - (await difference(2 * step))) / 3;
  };

  let gradients: tf.Tensor[] = [];
  const tape = recordTape(() => {
    gradients = tf.tidy(() =>
      tf.grads((...xs: tf.Tensor[]) => f(...xs))([...inputs], tf.tensor(weights, shape)),
    );
  });
  let worst = 0;
  for (const [i, input] of inputs.entries()) {
    if (String(gradients[i]!.shape) !== String(input.shape)) {
      throw new Error(
        `input ${i}: gradient of shape [${gradients[i]!.shape.join()}] for [${input.shape.join()}]`,
      );
    }
    const gradient = await gradients[i]!.data();
    const found: { expected: number; actual: number }[] = [];
    const count = input.size <= entries ? input.size : directions;
    for (let k = 0; k < count; k++) {
      const direction =
        input.size <= entries
          ? Float32Array.from(gradient, (_, j) => (j === k ? 1 : 0))
          : Float32Array.from(gradient, () => 2 * draw() - 1);
      const actual = direction.reduce((total, component, j) => total + component * gradient[j]!, 0);
      found.push({ expected: await derivative(i, direction), actual });
    }
    const scale = Math.max(...found.map(({ expected }) => Math.abs(expected)));
    for (const [k, { expected, actual }] of found.entries()) {
      const error = Math.abs(actual - expected);
      if (!(error <= relative * scale + absolute)) {
        throw new Error(
          `gradient of input ${i} along direction ${k} is ${actual}, finite differences give ${expected} (scale ${scale})`,
        );
      }
      worst = Math.max(worst, scale > 0 ? error / scale : error);
    }
  }
  gradients.forEach((gradient) => gradient.dispose());
  return { ...tape, error: worst };
}
