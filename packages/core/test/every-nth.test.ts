import { beforeAll, describe, expect, test } from '@jest/globals';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { everyNth } from '@toco/core';
import { initBackend } from '@toco/runtime';
import { expectNoLeak } from '@toco/testing';

const types = ['int32', 'float32', 'bool'] as const;
const shapes = [
  [1, 3, 5],
  [2, 4, 6],
  [2, 5, 4, 3],
  [1, 4, 3, 2],
];

/** Ones and zeros for bool, values above 1 that differ from their neighbors otherwise. */
function pixels(shape: number[], type: (typeof types)[number]): tf.Tensor {
  const size = shape.reduce((product, side) => product * side, 1);
  const values = Array.from({ length: size }, (_, i) => (type === 'bool' ? Number(i % 3 === 0) : 7 * i + 2));
  return tf.tensor(values, shape, type);
}

// stridedSlice, the obvious way, gives bit patterns for int32 and bool on wasm
describe.each(['tensorflow', 'wasm'] as const)('on the %s backend', (backend) => {
  beforeAll(async () => {
    await initBackend({ backend: 'tensorflow' });
    expect(await tf.setBackend(backend)).toBe(true);
  });

  test.each(types.flatMap((type) => shapes.flatMap((shape) => [2, 3].map((n) => ({ type, shape, n })))))(
    'everyNth takes every $n. row and column of $type $shape',
    async ({ type, shape, n }) => {
      const x = pixels(shape, type);
      const [B, H, W, C = 1] = shape as [number, number, number, number?];
      const given = await x.data();
      const expected: number[] = [];
      for (let b = 0; b < B; b++)
        for (let y = 0; y < H; y += n)
          for (let column = 0; column < W; column += n)
            for (let c = 0; c < C; c++) expected.push(given[((b * H + y) * W + column) * C + c]!);

      const fewer = everyNth(x, n);
      expect(fewer.dtype).toBe(type);
      expect(fewer.shape).toEqual([B, Math.ceil(H / n), Math.ceil(W / n), ...shape.slice(3)]);
      expect([...(await fewer.data())].map(Number)).toEqual(expected);
      await expectNoLeak(() => everyNth(x, n));
    },
  );
});
