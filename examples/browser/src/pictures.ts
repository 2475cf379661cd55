import { syntheticScenes } from '@toco/datasets/synthetic';
import type { Pixels } from './messages.js';

/** Pixels of a picture, its longer side no longer than `longest`; drawings may be drawn larger than they say. */
export function pixelsOf(
  source: ImageBitmap | HTMLImageElement,
  longest: number,
  { largest = 1 }: { readonly largest?: number } = {},
): Pixels {
  const scale = Math.min(largest, longest / Math.max(source.width, source.height));
  const [width, height] = [source.width, source.height].map((side) => Math.max(1, Math.round(side * scale)));
  const context = contextOf(document.createElement('canvas'), width!, height!);
  context.drawImage(source, 0, 0, width!, height!);
  const { data } = context.getImageData(0, 0, width!, height!);
  const rgb = new Uint8Array(width! * height! * 3);
  for (let i = 0; i < width! * height!; i++) rgb.set(data.subarray(4 * i, 4 * i + 3), 3 * i);
  return { width: width!, height: height!, data: rgb };
}

/** Shows pixels on a canvas, which gets their size. */
export function show(canvas: HTMLCanvasElement, { width, height, data }: Pixels): void {
  const context = contextOf(canvas, width, height);
  const image = context.createImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    image.data.set(data.subarray(3 * i, 3 * i + 3), 4 * i);
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

function contextOf(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D {
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('This browser draws nothing on a canvas; try a current one.');
  return context;
}

/** Options of the scenes that are drawn. */
export type SceneOptions = Parameters<typeof syntheticScenes>[0];

/** A drawn scene: its picture and the classes that it shows. */
export async function drawnScene(
  index: number,
  list: 'train' | 'val',
  options: SceneOptions,
): Promise<{ readonly image: HTMLImageElement; readonly labels: Uint8Array }> {
  const scenes = await syntheticScenes(options).list(list);
  const { image: source, labels } = scenes.sample(index);
  if (!('svg' in source)) throw new Error('a scene is no drawing');
  const image = new Image();
  image.src = `data:image/svg+xml,${encodeURIComponent(source.svg)}`;
  await image.decode();
  return { image, labels };
}

/** The color of a class, red, green and blue; 0 is background. */
export function colorOf(label: number): readonly [number, number, number] {
  const colors = [
    [0, 0, 0],
    [29, 95, 208],
    [210, 81, 28],
    [12, 138, 105],
    [194, 48, 122],
    [185, 133, 0],
    [136, 71, 201],
  ] as const;
  return colors[label % colors.length]!;
}
