import { denseCrf, tocoSegmentationCrf } from '@toco/crf';
import {
  crfPresets,
  protocolOf,
  pseudoLabels,
  refineByCrf,
  segmentationCams,
  segmenter,
  type SegmenterImage,
} from '@toco/segmenter';
import { arrayOf, valuesOf, type GoldenArrays, type GoldenFolder } from './golden-folder.js';
import { compareLabels, compareValues, type Row } from './row.js';

/** Q of the dense CRF. */
const crfBound = 2e-5;

/**
 * One pixel of one image makes up to 7e-5 of what 32-bit arithmetic leaves of its logits, 4e-7 of their range (EXPERIMENTS.md); from
 * the fixture's own logits its Q is within the bound.
 */
const steepBounds: Readonly<Record<string, number>> = { coco_crf1: 1e-4 };

/** `evaluation`: the final protocols on images of odd native sizes, without and with CRF, and the pseudo labels made of them. */
export async function checkEvaluation(folder: GoldenFolder): Promise<Row[]> {
  const arrays = folder.arrays('evaluation');
  const { network } = folder;
  const { params } = folder.loadState();
  const images = imagesOf(arrays);
  const rows: Row[] = [];
  const check = async (key: string, actual: ArrayLike<number>, relative: number): Promise<void> => {
    rows.push(
      await compareValues(`evaluation: ${key}`, actual, { expected: valuesOf(arrays, key), relative }),
    );
  };
  const size = { squash: folder.config.img_size };
  const named = {
    voc: protocolOf('voc', { oddSizes: 'reference' }),
    coco: protocolOf('coco', { size, oddSizes: 'reference' }),
  };
  for (const [name, protocol] of Object.entries(named)) {
    const before = segmenter(network, params, {
      protocol: protocolOf(protocol, { crf: 'none' }),
      outputs: ['logits', 'probabilities', 'labels'],
    });
    const refined = segmenter(network, params, {
      protocol,
      outputs: ['probabilities', 'labels'],
      crf: denseCrf,
    });
    const plain = await collect(before.segment(images));
    for (const [i, { probabilities, labels }] of (await collect(refined.segment(images))).entries()) {
      const { logits } = plain[i]!;
      await check(`${name}_logits${i}`, logits.data, 1e-5);
      const key = `${name}_crf${i}`;
      await check(key, probabilities.data, steepBounds[key] ?? crfBound);
      rows.push(await crfOfGolden(arrays, key, images[i]!));
      rows.push(
        await sameLabels(
          `${name}_logits${i}, labels`,
          plain[i]!.labels,
          largest(arrays, `${name}_logits${i}`),
        ),
        await sameLabels(`${name}_crf${i}, labels`, labels, largest(arrays, `${name}_crf${i}`)),
      );
      if (name !== 'coco') continue;
      const classes = presentOf(images[i]!);
      const cams = segmentationCams(plain[i]!.probabilities, classes);
      await check(`seg_cams${i}`, spread(cams.data, classes, network.numClasses), 1e-4);
      const { low, high } = folder.config.thresholds;
      const pseudo = await pseudoLabels(
        cams,
        { image: images[i]!, classes },
        {
          ...{ low, high, ignoreIndex: 255 },
          refine: refineByCrf(denseCrf, crfPresets['toco-cam']!),
        },
      );
      rows.push(await sameLabels(`crf_label${i}`, pseudo, valuesOf(arrays, `crf_label${i}`)));
    }
  }
  return rows;
}

/** Q of the fixture's own logits. */
async function crfOfGolden(arrays: GoldenArrays, key: string, image: SegmenterImage): Promise<Row> {
  const { shape, data } = arrayOf(arrays, key.replace('crf', 'logits'));
  const classes = shape[2]!;
  const probabilities = Float32Array.from(data as Float32Array);
  for (let at = 0; at < probabilities.length; at += classes) {
    const pixel = probabilities.subarray(at, at + classes);
    const most = Math.max(...pixel);
    const sum = pixel.reduce((total, logit) => total + Math.exp(logit - most), 0);
    pixel.forEach((logit, k) => (pixel[k] = Math.exp(logit - most) / sum));
  }
  const { height, width } = image;
  const q = denseCrf(image.data, probabilities, { height, width, classes, ...tocoSegmentationCrf });
  return compareValues(`evaluation: ${key}, of the golden logits`, q, {
    expected: valuesOf(arrays, key),
    relative: crfBound,
  });
}

function imagesOf(arrays: GoldenArrays): SegmenterImage[] {
  return [0, 1, 2].map((i) => {
    const { shape, data } = arrayOf(arrays, `image${i}`);
    const [height, width] = shape as [number, number, number];
    return {
      id: `image${i}`,
      height,
      width,
      data: data as Uint8Array,
      labels: valuesOf(arrays, `labels${i}`),
    };
  });
}

async function collect<T>(results: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const result of results) all.push(result);
  return all;
}

function presentOf({ labels }: SegmenterImage): number[] {
  return Array.from(labels!, (label, c) => (label > 0 ? c : -1)).filter((c) => c >= 0);
}

/** Planes of some classes among those of all. */
function spread(data: Float32Array, classes: readonly number[], count: number): Float32Array {
  const out = new Float32Array((data.length / classes.length) * count);
  for (let i = 0, from = 0; i < out.length; i += count) for (const c of classes) out[i + c] = data[from++]!;
  return out;
}

function largest(arrays: GoldenArrays, key: string): Uint8Array {
  const { shape, data } = arrayOf(arrays, key);
  const classes = shape[2]!;
  const values = data as Float32Array;
  return Uint8Array.from({ length: values.length / classes }, (_, i) => {
    const pixel = values.subarray(i * classes, (i + 1) * classes);
    return pixel.indexOf(Math.max(...pixel));
  });
}

/** No label may differ: none hangs on less than 1.8e-5. */
async function sameLabels(
  quantity: string,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
): Promise<Row> {
  return { ...(await compareLabels(`evaluation: ${quantity}`, actual, expected)), bound: 0 };
}
