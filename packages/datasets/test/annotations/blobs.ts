import type { LabelMap } from '@toco/formats';
import { testNumbers } from '@toco/testing';

/** Blobs of three classes with holes, single pixels, parts that touch the border, and ignored pixels. */
export function blobs(seed: number, [width, height]: readonly [number, number]): LabelMap {
  const random = testNumbers(seed);
  const number = (): number => (random() + 1) / 2;
  const data = new Uint8Array(width * height);
  for (let i = 0; i < 14; i++) {
    const label = [1, 2, 3, 0, 255][i % 5]!;
    const [x, y] = [number() * width, number() * height];
    const [a, b] = [3 + number() * width * 0.3, 3 + number() * height * 0.3];
    for (let p = 0; p < data.length; p++) {
      const [dx, dy] = [((p % width) - x) / a, (Math.floor(p / width) - y) / b];
      if (dx * dx + dy * dy < 1) data[p] = label;
    }
  }
  data[0] = 2;
  return { width, height, data };
}

/** The smallest intersection over union of the classes of two maps; 255 counts as background, which tools do not tell from it. */
export function leastIou(a: LabelMap, b: LabelMap): number {
  const ious = [1, 2, 3].flatMap((label) => {
    let [both, either] = [0, 0];
    a.data.forEach((value, i) => {
      if (value === label && b.data[i] === label) both++;
      if (value === label || b.data[i] === label) either++;
    });
    return either === 0 ? [] : [both / either];
  });
  return Math.min(...ious);
}

/** Pixels that differ though all around them are of their own class: more than outlines that miss by a pixel explain. */
export function wrongInside(a: LabelMap, b: LabelMap): number {
  const at = (x: number, y: number): number => {
    const inside = x >= 0 && y >= 0 && x < b.width && y < b.height;
    return inside ? b.data[y * b.width + x]! % 255 : -1;
  };
  return a.data.reduce((wrong, value, i) => {
    const [x, y] = [i % b.width, Math.floor(i / b.width)];
    const own = at(x, y);
    if (value % 255 === own) return wrong;
    const around = [-1, 0, 1].flatMap((dy) => [-1, 0, 1].map((dx) => at(x + dx, y + dy)));
    return around.every((label) => label === own || label === -1) ? wrong + 1 : wrong;
  }, 0);
}
