import { describe, expect, test } from '@jest/globals';
import { randomArray } from '@toco/testing';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { fusedStrips } from '../../src/masks/fuse-maps.js';
import { type Planes, resizedRows, resizePlanes, type Size } from '../../src/masks/resize-planes.js';
import { softmaxInPlace } from '../../src/masks/softmax-rows.js';

test('the binary is what its sources give', () => {
  const cwd = fileURLToPath(new URL('../..', import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, ['wasm/build.js', '--check'], {
    ...{ cwd, encoding: 'utf8' },
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

function planesOf(height: number, width: number, channels: number, seed = 1): Planes {
  const data = Float32Array.from(randomArray(height * width * channels, seed), (value) => 4 * value - 2);
  return { height, width, channels, data };
}

/** Bilinear with half-pixel centers, by its definition. */
function expectedAt({ height, width, channels, data }: Planes, to: Size, [y, x, c]: number[]): number {
  const along = (place: number, from: number, count: number): [number, number, number] => {
    const position = Math.max(0, ((place + 0.5) * from) / count - 0.5);
    const low = Math.min(Math.floor(position), from - 1);
    return [low, Math.min(low + 1, from - 1), position - low];
  };
  const [top, bottom, down] = along(y!, height, to.height);
  const [left, right, aside] = along(x!, width, to.width);
  const at = (row: number, column: number): number => data[(row * width + column) * channels + c!]!;
  return (
    (at(top, left) * (1 - aside) + at(top, right) * aside) * (1 - down) +
    (at(bottom, left) * (1 - aside) + at(bottom, right) * aside) * down
  );
}

function largestError(actual: Planes, expected: (place: number[]) => number): number {
  const { height, width, channels, data } = actual;
  let worst = 0;
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < channels; c++, i++)
        worst = Math.max(worst, Math.abs(data[i]! - expected([y, x, c])));
  return worst;
}

describe.each([1, 2, 3, 4, 5, 21])('%i channels', (channels) => {
  test.each([
    [4, 5, 9, 13],
    [7, 3, 7, 11],
    [3, 6, 10, 6],
    [5, 5, 5, 5],
    [9, 8, 4, 3],
    [1, 1, 3, 2],
  ])('%i×%i resized to %i×%i', (height, width, newHeight, newWidth) => {
    const planes = planesOf(height, width, channels);
    const to = { height: newHeight, width: newWidth };
    const resized = resizePlanes(planes, to);
    expect(largestError(resized, (place) => expectedAt(planes, to, place))).toBeLessThan(2e-6);
  });

  test.each(['max', 'sum'] as const)('twins by %s, scales by each fusion', (mirror) => {
    const scales = [planesOf(4, 5, channels, 2), planesOf(6, 7, channels, 3), planesOf(3, 3, channels, 4)];
    const twins = scales.map(({ height, width }, s) => planesOf(height, width, channels, 10 + s));
    const size = { height: 11, width: 9 };
    for (const fusion of ['max', 'sum', 'mean'] as const) {
      for (const rectify of [false, true]) {
        const maps = scales.map((plain, s) => ({ plain, mirrored: twins[s]! }));
        const strips = [...fusedStrips(maps, size, { mirror, fusion, rectify })];
        expect(strips).toHaveLength(1);
        const expected = (place: number[]): number => {
          const each = scales.map((plain, s) => {
            const [a, b] = [plain, twins[s]!].map((one) => expectedAt(one, size, place)) as [number, number];
            const one = mirror === 'max' ? Math.max(a, b) : a + b;
            return rectify ? Math.max(one, 0) : one;
          });
          const sum = each.reduce((total, value) => total + value, 0);
          return fusion === 'max' ? Math.max(...each) : fusion === 'sum' ? sum : sum / each.length;
        };
        expect(largestError(strips[0]!.planes, expected)).toBeLessThan(5e-6);
      }
    }
  });

  test('softmax', () => {
    const pixels = 50;
    const values = Float32Array.from(randomArray(pixels * channels, 5), (value) => 60 * value - 30);
    if (channels > 1) values[3 * channels + 1] = -Infinity;
    const before = values.slice();
    softmaxInPlace(values, channels);
    for (let p = 0; p < pixels; p++) {
      const pixel = [...before.subarray(p * channels, (p + 1) * channels)];
      const most = Math.max(...pixel);
      const sum = pixel.reduce((total, value) => total + Math.exp(value - most), 0);
      for (const [c, value] of pixel.entries())
        expect(Math.abs(values[p * channels + c]! - Math.exp(value - most) / sum)).toBeLessThan(1e-6);
    }
  });
});

test('strips are parts of the whole, and their softmax is that of their pixels', () => {
  const planes = planesOf(5, 6, 21);
  const size = { height: 700, width: 101 };
  const whole = resizePlanes(planes, size).data;
  let rows = 0;
  for (const { top, planes: strip, softmax } of fusedStrips([{ plain: planes }], size, {
    ...{ mirror: 'max', fusion: 'max' },
  })) {
    expect(top).toBe(rows);
    rows += strip.height;
    const [first, last] = [top, top + strip.height].map((row) => row * size.width * 21);
    const expected = whole.slice(first, last);
    expect(strip.data).toEqual(expected);
    softmax();
    expect(Float32Array.from(strip.data)).toEqual(softmaxInPlace(expected, 21));
  }
  expect(rows).toBe(700);
  expect(700 * 101 * 21).toBeGreaterThan(2 ** 20); // more than one strip
});

test('softmax of more than is copied at once', () => {
  const pixels = 2 ** 20 / 4 + 3;
  const values = new Float32Array(5 * pixels).fill(1);
  expect(softmaxInPlace(values, 5).every((value) => Math.abs(value - 0.2) < 1e-6)).toBe(true);
});

test('rows go into any array, and are combined in their own memory alone', () => {
  const planes = planesOf(2, 2, 3);
  const write = resizedRows(planes, { height: 4, width: 4 });
  const out = new Float32Array(14).fill(9);
  write(1, out, 1);
  expect([out[0], out[13]]).toEqual([9, 9]);
  expect(out.subarray(1, 13)).toEqual(resizePlanes(planes, { height: 4, width: 4 }).data.subarray(12, 24));
  expect(() => {
    write(1, out, 1, 'max');
  }).toThrow('Rows are combined within the memory of WebAssembly only.');
});

test('bytes are resized as numbers', () => {
  const data = Uint8Array.of(0, 255, 100, 50);
  const write = resizedRows({ height: 2, width: 2, channels: 1, data }, { height: 2, width: 4 });
  const row = new Float32Array(4);
  write(0, row, 0);
  expect([...row]).toEqual([0, 63.75, 191.25, 255]);
});
