/** What a training may take of this machine. */
export interface Machine {
  /** Bytes of main memory that are free, within a container's limit. */
  readonly memory: number;
  readonly cores: number;
  /** Memory of the GPU in bytes; left out without one. */
  readonly gpuMemory?: number | undefined;
}

/** Network and sizes of a training. */
export interface Recipe {
  /** timm's name. */
  readonly backbone: string;
  readonly weights: string;
  /** Side of the views in pixels. */
  readonly cropSize: number;
  readonly localSize: number;
  readonly batchSize: number;
  /** Blocks are computed again in the backward pass, for less memory. */
  readonly checkpoint: boolean;
  readonly iterations: number;
  readonly warmup: number;
  /** The iteration from which on the segmentation is trained. */
  readonly segmentFrom: number;
}

const GB = 1e9;

/**
 * Networks with what they need, the largest first. Main memory was measured for DeiT-Ti at 224 with 4 images (1.4 GB at first, up to 3.4 with
 * the shapes of a long run) and ViT-B at 448 with one (3.8 GB); the others lie between. On a GPU nothing was measured.
 */
const networks = [
  { name: 'base', cropSize: 448, localSize: 96, batchSize: 4, gpu: 16 * GB, memory: 16 * GB, cores: 32 },
  { name: 'small', cropSize: 448, localSize: 96, batchSize: 4, gpu: 8 * GB, memory: 12 * GB, cores: 16 },
  { name: 'small', cropSize: 224, localSize: 64, batchSize: 4, gpu: 5 * GB, memory: 6 * GB, cores: 8 },
  { name: 'tiny', cropSize: 224, localSize: 64, batchSize: 4, gpu: 3 * GB, memory: 4 * GB, cores: 1 },
  { name: 'tiny', cropSize: 224, localSize: 64, batchSize: 2, gpu: 0, memory: 0, cores: 1 },
] as const;

/** As often as VOC's images are seen in the paper's run. */
const epochs = 7.6;
const fewest = 1200;
const most = 20_000;

/** The largest network that the machine trains in reasonable time, and a schedule for a number of images. */
export function recipeFor({ memory, cores, gpuMemory }: Machine, images: number): Recipe {
  const chosen =
    networks.find((network) =>
      gpuMemory === undefined ? memory >= network.memory && cores >= network.cores : gpuMemory >= network.gpu,
    ) ?? networks.at(-1)!;
  const { name, cropSize, localSize } = chosen;
  // Fewer images than a batch would be refused.
  const batchSize = Math.max(1, Math.min(chosen.batchSize, images));
  const wanted = Math.round((epochs * images) / batchSize / 100) * 100;
  const iterations = Math.min(most, Math.max(fewest, wanted));
  const backbone = `deit_${name}_patch16_224`;
  return {
    ...{ backbone, weights: `hf:timm/${backbone}.fb_in1k` },
    ...{ cropSize, localSize, batchSize, checkpoint: chosen === networks.at(-1) },
    ...{ iterations, warmup: Math.round(0.075 * iterations), segmentFrom: iterations / 10 + 1 },
  };
}

/** Bytes that a line of nvidia-smi ends in: `NVIDIA A100-SXM4-40GB, 40960 MiB`. */
export function gpuMemoryOf(device: string): number | undefined {
  const [, mebibytes] = /, (\d+) MiB$/.exec(device.trim()) ?? [];
  return mebibytes === undefined ? undefined : Number(mebibytes) * 2 ** 20;
}
