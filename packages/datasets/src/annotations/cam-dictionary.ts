import { encodeNpyObjects, type NDArray, type PickleValue } from '@toco/formats';

/** Projects whose later stages read CAMs from npy files. */
export type CamProject = 'irn' | 'psa' | 'mctformer';

/** CAMs of one image. */
export interface ImageCams {
  readonly width: number;
  readonly height: number;
  /** Class of each plane, from 0, without background. */
  readonly classes: readonly number[];
  /** `[height, width, planes]`, in 0 … 1. */
  readonly data: Float32Array;
}

/** IRN's small CAMs have every fourth row and column. */
const irnStride = 4;

/**
 * The npy file of an image's CAMs that a project's second stage reads with `np.load(path, allow_pickle=True).item()`. Classes are
 * numbered from 0 without background, as all three do.
 *
 * * `psa`, `mctformer`: a dictionary from class to its CAM, float32 `[H, W]`.
 * * `irn`: `keys`, int64 classes `[M]`; `high_res`, float32 `[M, H, W]`; `cam`, float32 `[M, ⌈H/4⌉, ⌈W/4⌉]`, the means over 4 × 4 pixels.
 *   IRN itself stores `cam` as a PyTorch tensor: where its code says `.cuda()`, write `torch.from_numpy(d['cam'])`.
 *
 * @example
 * await writeFile('cam/2007_000033.npy', encodeCams(cams, 'irn'));
 */
export function encodeCams(cams: ImageCams, project: CamProject): Uint8Array {
  const value = project === 'irn' ? irnDictionary(cams) : planeByClass(cams);
  return encodeNpyObjects({ dtype: 'object', shape: [], values: [value] });
}

function planeByClass({ width, height, classes, data }: ImageCams): Map<number, PickleValue> {
  const planes = planesFirst({ width, height, classes, data });
  return new Map(
    classes.map((label, m) => [
      label,
      float32([height, width], planes.slice(m * width * height, (m + 1) * width * height)),
    ]),
  );
}

function irnDictionary(cams: ImageCams): Map<string, PickleValue> {
  const { width, height, classes } = cams;
  const planes = planesFirst(cams);
  const [rows, columns] = [Math.ceil(height / irnStride), Math.ceil(width / irnStride)];
  const small = new Float32Array(classes.length * rows * columns);
  for (let m = 0; m < classes.length; m++) {
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x < columns; x++) {
        small[(m * rows + y) * columns + x] = blockMean(planes, { m, y, x, width, height });
      }
    }
  }
  return new Map<string, PickleValue>([
    ['keys', { dtype: 'int64', shape: [classes.length], data: BigInt64Array.from(classes, BigInt) }],
    ['cam', float32([classes.length, rows, columns], small)],
    ['high_res', float32([classes.length, height, width], planes)],
  ]);
}

/** Mean over the pixels of a block, which is smaller at the right and lower border. */
function blockMean(
  planes: Float32Array,
  { m, y, x, width, height }: Record<'m' | 'y' | 'x' | 'width' | 'height', number>,
): number {
  let [sum, count] = [0, 0];
  for (let row = y * irnStride; row < Math.min(height, (y + 1) * irnStride); row++) {
    for (let column = x * irnStride; column < Math.min(width, (x + 1) * irnStride); column++) {
      sum += planes[(m * height + row) * width + column]!;
      count++;
    }
  }
  return sum / count;
}

/** `[H, W, M]` as `[M, H, W]`. */
function planesFirst({ width, height, classes, data }: ImageCams): Float32Array {
  const [pixels, planes] = [width * height, classes.length];
  const out = new Float32Array(pixels * planes);
  for (let i = 0; i < pixels; i++) {
    for (let m = 0; m < planes; m++) out[m * pixels + i] = data[i * planes + m]!;
  }
  return out;
}

function float32(shape: readonly number[], data: Float32Array): NDArray {
  return { dtype: 'float32', shape, data };
}
