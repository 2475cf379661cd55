import { writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { deitBase, deitTiny } from '@toco/backbone';
import { createNetwork } from '@toco/network';
import { initBackend } from '@toco/runtime';
import {
  parMemory,
  protocolOf,
  type Protocol,
  refineByPar,
  segmenter,
  type SegmenterImage,
} from '@toco/segmenter';

const backbones = { deitTiny, deitBase };

/** The ways that bound what a large photograph takes, and its own size. */
const ways: Readonly<Record<string, Protocol>> = {
  fast: protocolOf('fast'),
  shorter: protocolOf('fast', { size: { shorter: 448 } }),
  window: protocolOf('fast', { size: 'native', window: { size: 448, overlap: 112 } }),
  native: protocolOf('fast', { size: 'native' }),
  voc: protocolOf('voc', { crf: 'none' }),
};

/** What is measured: something made of a photograph, and what it is estimated to take. */
interface Work {
  run(image: SegmenterImage): Promise<void>;
  estimate(image: SegmenterImage): number;
}

/**
 * `node photograph-memory.js --way fast|shorter|window|native|voc|par …`: labels of one photograph by a network with random weights, or
 * maps of so many classes refined by PAR; prints as JSON the bytes of the process's peak above what it held after a small one (`peak`),
 * the estimate, and processor seconds.
 */
async function main(args: readonly string[]): Promise<void> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      way: { ...text, default: 'fast' },
      backbone: { ...text, default: 'deitTiny' },
      classes: { ...text, default: '20' },
      height: { ...text, default: '3000' },
      width: { ...text, default: '4000' },
    },
  });
  const [classes, height, width] = [values.classes, values.height, values.width].map(Number) as [
    number,
    number,
    number,
  ];
  await initBackend({ backend: 'tensorflow' });
  const work = values.way === 'par' ? refinement(classes) : segmentation(values, classes);
  const image: SegmenterImage = { height, width, data: drawn(height, width) };
  // The parameters reach the engine with the first image.
  await work.run({ height: 64, width: 64, data: drawn(64, 64) });
  // Their arrays are given back beside this thread.
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    await setTimeout(200);
  }
  forgetPeak();
  const before = process.resourceUsage();
  const base = process.memoryUsage().rss;
  await work.run(image);
  const after = process.resourceUsage();
  const peak = after.maxRSS * 1024 - base;
  const seconds = (after.userCPUTime + after.systemCPUTime - before.userCPUTime - before.systemCPUTime) / 1e6;
  console.log(JSON.stringify({ peak, estimate: work.estimate(image), seconds }));
}

function segmentation(
  { way, backbone }: { readonly way: string; readonly backbone: string },
  numClasses: number,
): Work {
  const network = createNetwork({ backbone: backbones[backbone as keyof typeof backbones](), numClasses });
  const { params } = network.init(0);
  const one = segmenter(network, params, { protocol: ways[way]!, outputs: ['labels'] });
  return {
    async run(image) {
      for await (const { labels } of one.segment([image]))
        if (labels.length !== image.height * image.width) throw new Error('labels of another size');
    },
    estimate: (image) => one.estimate(image).bytes,
  };
}

function refinement(classes: number): Work {
  const refine = refineByPar();
  const channels = classes + 1;
  return {
    async run(image) {
      const { height, width } = image;
      const data = Float32Array.from({ length: height * width * channels }, (_, i) => (i % 97) / 97);
      await refine(image, { height, width, channels, data });
    },
    estimate: (image) => parMemory(image, channels),
  };
}

/** Lets the process's peak be what it holds now (Linux): else what it took while it started would hide what an image takes. */
function forgetPeak(): void {
  writeFileSync('/proc/self/clear_refs', '5');
}

/** A picture that is not all one color. */
function drawn(height: number, width: number): Uint8Array {
  const data = new Uint8Array(height * width * 3);
  for (let i = 0; i < data.length; i++) data[i] = (i * 7 + (i >> 9)) % 251;
  return data;
}

await main(process.argv.slice(2));
