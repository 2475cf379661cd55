import type { Labels, Picture } from './overlays.js';

/** How a pixel may be wrong, and its color: red, green, blue. */
export const errorColors = {
  /** An object where there is none. */
  invented: [214, 69, 65],
  /** Background where there is an object. */
  missed: [38, 110, 220],
  /** One class for another. */
  confused: [160, 60, 190],
} as const satisfies Readonly<Record<string, readonly [number, number, number]>>;

/** Where a prediction is wrong, over the photograph in pale gray; where the truth says nothing, it is darker. */
export function errorOverlay(
  { width, height, data }: Picture,
  { truth, prediction }: { readonly truth: Labels['data']; readonly prediction: Labels['data'] },
  { ignoreIndex }: { readonly ignoreIndex: number },
): Picture {
  const out = new Uint8Array(data.length);
  for (let i = 0; i < width * height; i++) {
    const gray = 0.3 * data[3 * i]! + 0.59 * data[3 * i + 1]! + 0.11 * data[3 * i + 2]!;
    const kind = errorOf(truth[i]!, prediction[i]!, ignoreIndex);
    for (let c = 0; c < 3; c++) {
      if (kind !== undefined) out[3 * i + c] = 0.25 * gray + 0.75 * errorColors[kind][c]!;
      else out[3 * i + c] = truth[i] === ignoreIndex ? 0.5 * gray + 40 : 0.4 * gray + 0.6 * 255;
    }
  }
  return { width, height, data: out };
}

function errorOf(
  truth: number,
  predicted: number,
  ignoreIndex: number,
): keyof typeof errorColors | undefined {
  if (truth === ignoreIndex || truth === predicted) return undefined;
  if (truth === 0) return 'invented';
  return predicted === 0 ? 'missed' : 'confused';
}
