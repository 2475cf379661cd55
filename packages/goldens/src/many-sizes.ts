import { vit } from '@toco/backbone';
import { createNetwork } from '@toco/network';
import { initBackend } from '@toco/runtime';
import { protocolOf, segmenter, type SegmenterImage } from '@toco/segmenter';

/**
 * `node many-sizes.js COUNT LARGEST`: COUNT images, each of a size of its own, through one segmenter; prints the megabytes that the
 * process holds after each tenth of them, each as it comes, and all of them as JSON in the last line.
 */
async function main(count: number, largest: number): Promise<void> {
  await initBackend({ backend: 'tensorflow' });
  const backbone = vit({ imageSize: 224, patchSize: 16, dim: 96, depth: 4, heads: 3 });
  const network = createNetwork({ backbone, numClasses: 20, decoderDim: 64 });
  const { params } = network.init(0);
  const protocol = protocolOf('voc', { scales: [1, 1.25], crf: 'none', oddSizes: 'reference' });
  const many = segmenter(network, params, { protocol, outputs: ['labels', 'cam', 'scores'] });
  const megabytes: number[] = [];
  let done = 0;
  for await (const { labels } of many.segment(images(count, largest))) {
    if (labels.length === 0) throw new Error('no labels');
    done++;
    if (done % Math.ceil(count / 10) !== 0) continue;
    globalThis.gc?.();
    megabytes.push(Math.round(process.memoryUsage().rss / 1e6));
    console.error(`${done} of ${count} images: ${megabytes.at(-1)} MB`);
  }
  console.log(JSON.stringify(megabytes));
}

/** Different sizes up to `largest`, scattered: none grows over the run, so that what memory does is not what sizes do. */
function* images(count: number, largest: number): Generator<SegmenterImage> {
  const smallest = Math.floor(largest / 3);
  const sides = largest - smallest + 1;
  for (let i = 0; i < count; i++) {
    // The golden section of all sizes; as it is irrational, no two are near each other for long.
    const at = Math.floor((((i + 1) * 0.6180339887498949) % 1) * sides ** 2);
    const [height, width] = [smallest + (at % sides), smallest + Math.floor(at / sides)];
    yield { id: String(i), height, width, data: new Uint8Array(height * width * 3).fill(i % 256) };
  }
}

await main(Number(process.argv[2] ?? 1000), Number(process.argv[3] ?? 300));
