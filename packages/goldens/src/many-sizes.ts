import { vit } from '@toco/backbone';
import { createNetwork } from '@toco/network';
import { initBackend } from '@toco/runtime';
import { protocolOf, segmenter, type SegmenterImage } from '@toco/segmenter';

/** `node many-sizes.js N`: N images, each of a size of its own, through one segmenter; prints megabytes on the way as JSON. */
async function main(count: number): Promise<void> {
  await initBackend({ backend: 'tensorflow' });
  const backbone = vit({ imageSize: 224, patchSize: 16, dim: 96, depth: 4, heads: 3 });
  const network = createNetwork({ backbone, numClasses: 20, decoderDim: 64 });
  const { params } = network.init(0);
  const protocol = protocolOf('voc', { scales: [1, 1.25], crf: 'none', oddSizes: 'reference' });
  const many = segmenter(network, params, { protocol, outputs: ['labels', 'cam', 'scores'] });
  const megabytes: number[] = [];
  let done = 0;
  for await (const { labels } of many.segment(images(count))) {
    if (labels.length === 0) throw new Error('no labels');
    done++;
    if (done !== 100 && done !== count / 2 && done !== count) continue;
    globalThis.gc?.();
    megabytes.push(Math.round(process.memoryUsage().rss / 1e6));
  }
  const [first, middle, last] = megabytes;
  console.log(JSON.stringify({ first, middle, last }));
}

/** Both sides run through their sizes at different paces, so that no two images have the same. */
function* images(count: number): Generator<SegmenterImage> {
  for (let i = 0; i < count; i++) {
    const [height, width] = [96 + (i % 40) * 5, 100 + Math.floor(i / 4)];
    yield { id: String(i), height, width, data: new Uint8Array(height * width * 3).fill(i % 256) };
  }
}

await main(Number(process.argv[2] ?? 1000));
