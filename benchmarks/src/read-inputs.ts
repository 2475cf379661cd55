import type { VitParams } from '@toco/backbone';
import type { Lattice } from '@toco/crf';
import { openSafetensors, type NDArray } from '@toco/formats';
import { packLattices, viewLattice } from '@toco/crf';
import type { Network, NetworkState } from '@toco/network';
import { feedBatch, type BatchFeed } from '@toco/datasets';
import type { BenchmarkConfig } from './benchmark-config.js';
import { buildNetwork } from './build-network.js';
import type { OurOptions } from './contender.js';

/** What our side starts from. */
export interface Inputs {
  readonly config: BenchmarkConfig;
  readonly network: Network<VitParams>;
  readonly state: NetworkState<VitParams>;
  /** Ready to be fed, lattices and all, as the loader hands it over. */
  readonly feed: BatchFeed;
}

/** Reads the file that `write-inputs` wrote; of the batch all images, or one of `count` equal parts. */
export function readInputs(path: string, share: OurOptions['share'] = { index: 0, count: 1 }): Inputs {
  const file = openSafetensors(path);
  try {
    const config = JSON.parse(file.metadata.get('config')!) as BenchmarkConfig;
    const network = buildNetwork(config);
    const prefix = 'weights.';
    const names = [...file.entries.keys()].filter((name) => name.startsWith(prefix));
    const weights = Object.fromEntries(names.map((name) => [name.slice(prefix.length), file.read(name)]));
    const { report, ...state } = network.importCheckpoint(network.init(0), weights);
    if (report.missing.length > 0) throw new Error(`${path}: the weights lack ${report.missing.join(', ')}.`);
    const batch = (key: string): NDArray => partOf(file.read(`batch.${key}`), share);
    const sizes = { ...config, batchSize: config.batchSize / share.count };
    return { config, network, state, feed: feedOf(sizes, batch, network.backbone) };
  } finally {
    file.close();
  }
}

/** One of `count` equal parts along the first axis. */
function partOf(
  { dtype, shape, data }: NDArray,
  { index, count }: NonNullable<OurOptions['share']>,
): NDArray {
  const [images = 1, ...rest] = shape;
  const size = data.length / count;
  const own = data.slice(index * size, (index + 1) * size);
  return { dtype, shape: [images / count, ...rest], data: own };
}

function feedOf(
  { cropSize, batchSize, sigmaXy, sigmaRgb }: BenchmarkConfig,
  batch: (key: string) => NDArray,
  { mean, std }: { readonly mean: readonly number[]; readonly std: readonly number[] },
): BatchFeed {
  const floats = (key: string): Float32Array => batch(key).data as Float32Array;
  const images = floats('images');
  const size = cropSize * cropSize * 3;
  const lattices = Array.from({ length: batchSize }, (_, b): Lattice => {
    const levels = images.slice(b * size, (b + 1) * size);
    for (let i = 0; i < size; i++) {
      const scaled = Math.fround(levels[i]! * Math.fround(255 * std[i % 3]!));
      levels[i] = scaled + Math.fround(255 * mean[i % 3]!);
    }
    return viewLattice(levels, [cropSize, cropSize], { sigmaXy, sigmaRgb });
  });
  return feedBatch({
    iteration: 0,
    epoch: 0,
    ids: lattices.map((_, b) => String(b)),
    cropSize,
    images,
    globalView: floats('globalView'),
    localSource: floats('localSource'),
    labels: floats('labels'),
    imgBox: batch('imgBox').data as Int32Array,
    cropNoise: floats('cropNoise'),
    lattice: packLattices(lattices),
    enriched: [],
  });
}
