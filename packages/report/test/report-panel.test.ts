import { expect, test } from '@jest/globals';
import sharp from 'sharp';
import type { Panel } from '../src/panel.js';
import { reportPanel } from '../src/report-panel.js';

const options = { threshold: 0.5 };

/** A red photograph of 40 × 20 pixels; class 3 on its left half, predicted as class 2 on its right. */
function redPanel(): Panel {
  const [width, height] = [40, 20];
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i % 3 === 0 ? 255 : 0));
  const half = (label: number, left: boolean): Uint8Array =>
    Uint8Array.from({ length: width * height }, (_, i) => (i % width < width / 2 === left ? label : 0));
  const cam = { width: 8, height: 8, channels: 2, data: new Float32Array(8 * 8 * 2).fill(0) };
  return {
    photograph: {
      ...{ id: 'red', width, height, data },
      labels: Uint8Array.of(0, 0, 1),
      mask: half(3, true),
    },
    classes: [2],
    cam,
    camAux: cam,
    seg: half(2, false),
    iou: 0.1,
  };
}

async function pixel(jpeg: Uint8Array, x: number, y: number): Promise<number[]> {
  const { data, info } = await sharp(jpeg).raw().toBuffer({ resolveWithObject: true });
  return Array.from(data.subarray(3 * (y * info.width + x), 3 * (y * info.width + x) + 3));
}

test('pictures have the photograph’s proportions and colors; wrong labels are named', async () => {
  const panel = await reportPanel(redPanel(), { ...options, side: 30 });
  expect(panel).toMatchObject({ id: 'red', width: 30, height: 15, labels: [3], mistaken: [2], iou: 0.1 });
  expect(Object.keys(panel.pictures)).toEqual(['image', 'cam', 'camAux', 'seg', 'truth']);
  for (const jpeg of Object.values(panel.pictures)) {
    const { width, height } = await sharp(jpeg).metadata();
    expect([width, height]).toEqual([30, 15]);
  }
  const [red, green, blue] = await pixel(panel.pictures.image!, 15, 7);
  expect(red).toBeGreaterThan(245);
  expect(green).toBeLessThan(12);
  expect(blue).toBeLessThan(12);
  // class 2 is green, class 3 olive, both laid over red
  const seen = await pixel(panel.pictures.seg!, 24, 7);
  [0.35 * 255, 0.65 * 128, 0].forEach((value, c) => {
    expect(Math.abs(seen[c]! - value)).toBeLessThan(8);
  });
  const truth = await pixel(panel.pictures.truth!, 5, 7);
  [0.35 * 255 + 0.65 * 128, 0.65 * 128, 0].forEach((value, c) => {
    expect(Math.abs(truth[c]! - value)).toBeLessThan(8);
  });
});

test('the arrays may be reused as soon as the call returns; small photographs are not enlarged', async () => {
  const kept = await reportPanel(redPanel(), options);
  expect([kept.width, kept.height]).toEqual([40, 20]);
  const panel = redPanel();
  const drawn = reportPanel(panel, options);
  panel.photograph.data.fill(0);
  panel.seg.fill(0);
  panel.photograph.mask!.fill(0);
  expect((await drawn).pictures).toEqual(kept.pictures);
});

test('a baseline’s CAM is a column of its own', async () => {
  const panel = redPanel();
  const hot = { ...panel.cam, channels: 1, data: new Float32Array(64).fill(1) };
  const { pictures } = await reportPanel(panel, { ...options, baseline: { ...panel, cam: hot } });
  const sum = async (jpeg: Uint8Array): Promise<number> =>
    (await pixel(jpeg, 20, 10)).reduce((a, b) => a + b);
  expect(await sum(pictures.baselineCam!)).toBeGreaterThan(200 + (await sum(pictures.cam!)));
});
