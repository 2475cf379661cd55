import { describe, expect, test } from '@jest/globals';
import { classColor, classHexColor } from '../src/class-color.js';
import { heatColor } from '@toco/segmenter';
import { heatOverlay, labelOverlay, withOutlines } from '@toco/segmenter';

/** CIE lightness L* of an sRGB color, 0…100. */
function lightness(color: readonly number[]): number {
  const [red, green, blue] = color.map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return luminance > 0.008856 ? 116 * Math.cbrt(luminance) - 16 : 903.3 * luminance;
}

const colors = { colorOf: classColor, ignoreIndex: 255 };

const gray = (
  width: number,
  height: number,
  value: number,
): { width: number; height: number; data: Uint8Array } => ({
  width,
  height,
  data: new Uint8Array(3 * width * height).fill(value),
});

describe('heat colors', () => {
  const colors = Array.from({ length: 101 }, (_, i) => heatColor(i / 100));

  test('CIE lightness grows with every hundredth, in steps of like size', () => {
    const steps = colors.slice(1).map((color, i) => lightness(color) - lightness(colors[i]!));
    expect(Math.min(...steps)).toBeGreaterThan(0.1);
    expect(Math.max(...steps)).toBeLessThan(1.8);
    expect(lightness(colors[0]!)).toBeLessThan(15);
    expect(lightness(colors[100]!)).toBeGreaterThan(85);
  });

  test('values outside 0…1 are clamped, NaN is 0', () => {
    expect(heatColor(-3)).toEqual(heatColor(0));
    expect(heatColor(Number.NaN)).toEqual(heatColor(0));
    expect(heatColor(7)).toEqual(heatColor(1));
    for (const value of colors.flat())
      expect(value >= 0 && value <= 255 && Number.isInteger(value)).toBe(true);
  });
});

test('classes have the colors of PASCAL VOC', () => {
  expect(classColor(0)).toEqual([0, 0, 0]);
  expect(classColor(1)).toEqual([128, 0, 0]);
  expect(classColor(15)).toEqual([192, 128, 128]);
  expect(classHexColor(255)).toBe('#e0e0c0');
});

test('heat is that of the strongest plane', () => {
  const image = gray(2, 1, 100);
  const cam = { width: 2, height: 1, channels: 2, data: Float32Array.of(0.2, 0.9, 0, 0) };
  const { data } = heatOverlay(image, cam);
  for (let c = 0; c < 3; c++) {
    expect(data[c]).toBe(Math.floor(0.3 * 100 + 0.7 * heatColor(Math.fround(0.9))[c]!));
    expect(data[3 + c]).toBe(Math.floor(0.3 * 100 + 0.7 * heatColor(0)[c]!));
  }
});

test('labels lie over the photograph, background is without color, ignored pixels are cream', () => {
  const { data } = labelOverlay(
    gray(3, 1, 200),
    { width: 3, height: 1, data: Uint8Array.of(0, 2, 255) },
    colors,
  );
  const [red, green, blue] = data;
  expect(red).toBe(green);
  expect(green).toBe(blue);
  expect(Array.from(data.slice(3, 6))).toEqual([0, 128, 0]); // a border
  expect(Array.from(data.slice(6))).toEqual(
    [224, 224, 192].map((value) => Math.floor(0.35 * 200 + 0.65 * value)),
  );
});

test('outlines are where labels change, not at the edge of the image', () => {
  const labels = { width: 4, height: 3, data: new Uint8Array(12).fill(1) };
  expect(withOutlines(gray(4, 3, 9), labels, colors).data.every((value) => value === 9)).toBe(true);
  labels.data.set([0, 0, 0, 0], 8);
  const { data } = withOutlines(gray(4, 3, 9), labels, colors);
  expect(Array.from(data.slice(0, 12))).toEqual(Array.from({ length: 12 }, () => 9));
  expect(Array.from(data.slice(12, 15))).toEqual([128, 0, 0]);
  expect(Array.from(data.slice(24))).toEqual(Array.from({ length: 12 }, () => 9));
});
