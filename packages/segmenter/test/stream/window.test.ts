import { beforeAll, describe, expect, test } from '@jest/globals';
import { initBackend } from '@toco/runtime';
import { addTile, tileMean, tileOrigins, tileSum } from '../../src/masks/tiles.js';
import { protocolOf } from '../../src/protocol/protocol-of.js';
import type { PassEngine, PassImages } from '../../src/passes/pass-engine.js';
import { segmenter, segmenterOn } from '../../src/stream/segmenter.js';
import type { SegmenterImage } from '../../src/finish/segmenter-image.js';
import { smallNetwork } from '../small-network.js';
import { apart, collect, picture, spreadParams } from './pictures.js';

beforeAll(() => initBackend());

describe('tiles', () => {
  test.each([
    [64, 64, 16],
    [40, 64, 16],
    [200, 64, 16],
    [1000, 64, 0],
    [72, 64, 56],
    [128, 64, 63],
  ])(
    'of %i pixels by %i with overlap %i cover all, overlap, and lie on whole patches',
    (length, tile, overlap) => {
      const origins = tileOrigins(length, { tile, overlap, stride: 8 });
      expect(origins[0]).toBe(0);
      for (const [i, origin] of origins.entries()) {
        expect(origin % 8).toBe(0);
        if (i > 0)
          expect(origins[i - 1]! + tile - origin).toBeGreaterThanOrEqual(Math.min(overlap, tile - 8));
      }
      expect(Math.max(...origins) + tile).toBeGreaterThanOrEqual(length);
      if (length > tile) expect(Math.max(...origins) + tile).toBe(length);
    },
  );

  test('put together are what they were cut from', () => {
    const [height, width, channels] = [5, 7, 2];
    const whole = Float32Array.from({ length: height * width * channels }, (_, i) => Math.sin(i));
    const sum = tileSum(height, width, channels);
    for (const [top, left] of [
      [0, 0],
      [0, 3],
      [1, 0],
      [1, 3],
    ] as const) {
      const data = new Float32Array(4 * 4 * channels);
      for (let y = 0; y < 4; y++)
        for (let x = 0; x < 4; x++)
          for (let c = 0; c < channels; c++)
            data[(y * 4 + x) * channels + c] = whole[((top + y) * width + left + x) * channels + c]!;
      addTile(sum, { height: 4, width: 4, channels, data }, [top, left]);
    }
    expect(apart(tileMean(sum).data, whole)).toBeLessThan(1e-6);
  });
});

/** Something whose logits are the brightness of each whole patch of 16 pixels, as class 1 against a constant. */
const brightness: PassEngine = {
  name: 'brightness',
  stride: 16,
  numClasses: 1,
  gives: (output) => ['segLogits', 'cam', 'camAux', 'clsLogits'].includes(output),
  run: (images, wanted) => {
    const { data, shape } = patches(images);
    const outputs = {
      segLogits: {
        data: Float32Array.from({ length: 2 * data.length }, (_, i) => (i % 2 === 0 ? 0.5 : data[i >> 1]!)),
        shape: [...shape, 2],
        dtype: 'float32' as const,
      },
      cam: { data, shape: [...shape, 1], dtype: 'float32' as const },
      camAux: { data, shape: [...shape, 1], dtype: 'float32' as const },
      clsLogits: {
        data: new Float32Array(shape[0]!).fill(1),
        shape: [shape[0]!, 1],
        dtype: 'float32' as const,
      },
    };
    return Promise.resolve(
      Object.fromEntries(wanted.map((name) => [name, outputs[name as keyof typeof outputs]])),
    );
  },
  dispose: () => undefined,
};

function patches({ data, shape: [batch, height, width] }: PassImages): {
  data: Float32Array;
  shape: number[];
} {
  const [h, w] = [Math.floor(height / 16), Math.floor(width / 16)];
  const out = new Float32Array(batch * h * w);
  for (let b = 0; b < batch; b++)
    for (let y = 0; y < h * 16; y++)
      for (let x = 0; x < w * 16; x++)
        out[(b * h + (y >> 4)) * w + (x >> 4)]! += data[((b * height + y) * width + x) * 3]! / (255 * 256);
  return { data: out, shape: [batch, h, w] };
}

/** A picture with a soft spot near its lower right corner, and the spot's middle. */
function spot(height: number, width: number): { image: SegmenterImage; y: number; x: number } {
  const [y, x] = [height - 60.5, width - 60.5];
  const data = new Uint8Array(height * width * 3);
  for (let i = 0; i < height * width; i++) {
    const square = (Math.floor(i / width) - y) ** 2 + ((i % width) - x) ** 2;
    data.fill(255 * Math.exp(-square / 400), 3 * i, 3 * i + 3);
  }
  return { image: { height, width, data, labels: [1] }, y, x };
}

/** Middle of the last of some channels' values above half of the largest. */
function middle({
  width,
  channels,
  data,
}: {
  width: number;
  channels: number;
  data: Float32Array;
}): [number, number] {
  let [sum, y, x] = [0, 0, 0];
  const values = data.filter((_, i) => i % channels === channels - 1);
  const floor = values.reduce((most, value) => Math.max(most, value), 0) / 2;
  values.forEach((value, i) => {
    const weight = Math.max(0, value - floor);
    sum += weight;
    y += weight * Math.floor(i / width);
    x += weight * (i % width);
  });
  return [y / sum, x / sum];
}

describe('odd sizes', () => {
  test.each([
    [367, 431],
    [350, 495],
  ])('%i×%i: segmentation and CAMs lie where the picture is', async (height, width) => {
    const { image, y, x } = spot(height, width);
    const shifts = async (oddSizes: 'corrected' | 'reference'): Promise<number[]> => {
      const protocol = protocolOf('voc', {
        ...{ scales: [1], mirror: 'none', camScales: [1] },
        crf: 'none',
        oddSizes,
      });
      const single = { ...protocol, cam: { ...protocol.cam, mirror: 'none' as const } };
      const spotted = segmenterOn(
        brightness,
        { protocol: single, outputs: ['logits', 'cam', 'camAux'] },
        { numClasses: 1, backbone: { stride: 16, tokenDim: 1 } },
      );
      const [result] = await collect(spotted.segment([image]));
      return (['logits', 'cam', 'camAux'] as const).flatMap((name) => {
        const [row, column] = middle(result![name]);
        return [Math.abs(row - y), Math.abs(column - x)];
      });
    };
    for (const shift of await shifts('corrected')) expect(shift).toBeLessThanOrEqual(0.5);
    const dropped = await shifts('reference');
    for (const shift of dropped) expect(shift).toBeGreaterThan(9);
    expect(Math.max(...dropped)).toBeLessThan(16);
  });

  test('in windows too', async () => {
    const { image, y, x } = spot(367, 431);
    const protocol = protocolOf('voc', {
      ...{ scales: [1, 1.25], crf: 'none' },
      window: { size: 160, overlap: 32 },
    });
    const tiled = segmenterOn(
      brightness,
      { protocol, outputs: ['logits'] },
      { numClasses: 1, backbone: { stride: 16, tokenDim: 1 } },
    );
    const [result] = await collect(tiled.segment([image]));
    const [row, column] = middle(result!.logits);
    expect(Math.abs(row - y)).toBeLessThanOrEqual(0.5);
    expect(Math.abs(column - x)).toBeLessThanOrEqual(0.5);
  });
});

test('an image no larger than the window is seen as a whole; a larger one gives whole labels', async () => {
  const params = spreadParams();
  const network = smallNetwork();
  const outputs = ['labels', 'logits', 'cam', 'scores', 'tokens', 'similarity'] as const;
  const run = async (image: SegmenterImage, window?: { size: number; overlap: number }) => {
    const protocol = protocolOf('voc', {
      scales: [1],
      crf: 'none',
      camScales: [1],
      ...(window && { window }),
    });
    const [result] = await collect(segmenter(network, params, { protocol, outputs }).segment([image]));
    return result!;
  };
  const small = picture(40, 56, 3);
  const [one, other] = [await run(small), await run(small, { size: 64, overlap: 16 })];
  expect(apart(one.logits.data, other.logits.data)).toBeLessThan(1e-5);
  const large = picture(90, 130, 4);
  const tiled = await run(large, { size: 64, overlap: 16 });
  expect(tiled.labels.length).toBe(90 * 130);
  expect([tiled.tokens.height, tiled.tokens.width]).toEqual([11, 16]);
  expect(tiled.logits.data.every(Number.isFinite)).toBe(true);
  expect(new Set(tiled.labels).size).toBeGreaterThan(1);
});
