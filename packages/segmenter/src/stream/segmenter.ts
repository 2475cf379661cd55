import type { TensorTree } from '@toco/core';
import type { ApplyOptions, Network } from '@toco/network';
import { type Compiler, networkEngine } from '../passes/network-engine.js';
import type { UsedParams } from '../passes/network-pass.js';
import type { PassEngine } from '../passes/pass-engine.js';
import { type Protocol, protocols } from '../protocol/protocol.js';
import { assertProtocol } from '../protocol/protocol-of.js';
import { baseSize, isFixed } from '../masks/base-size.js';
import type { ImageMaps } from '../passes/image-maps.js';
import { finishImage, type Finished, type FinishTask } from '../finish/finish-image.js';
import { ImageRefused } from './image-refused.js';
import {
  classesThatFit,
  estimateMemory,
  type FurtherMemory,
  type MemoryEstimate,
  memoryRefusal,
  type MemoryUse,
} from './memory.js';
import { type PlannedPass, planPasses } from './plan-passes.js';
import type { Crf, ProbabilityRows } from '../finish/refine-segmentation.js';
import { runPasses } from './run-passes.js';
import {
  samplesOf,
  type Segmented,
  type SegmenterImage,
  type SegmenterOutput,
  type SizeAndLabels,
} from '../finish/segmenter-image.js';

/** What any segmenter may be told. */
export interface StreamOptions<O extends SegmenterOutput> {
  /** Default: `protocols.fast`. */
  readonly protocol?: Protocol | undefined;
  /** Default: labels and scores. */
  readonly outputs?: readonly O[] | undefined;
  /** Needed where the protocol has a CRF, unless `finish` has one. */
  readonly crf?: Crf | undefined;
  /**
   * Does what is left of an image after its passes: a function that asks a pool of workers, each of which calls {@link finishImage} of
   * `@toco/segmenter/finish` with its own CRF. Default: this thread does, between passes.
   */
  readonly finish?: ((task: FinishTask) => Promise<Finished>) | undefined;
  /** Images that are finished beside the network's passes, where `finish` or `crf` asks a pool of workers. */
  readonly finishedAtOnce?: number | undefined;
  /**
   * Images in one pass, where they have one size; as many are taken from the stream before the first is answered. Default: 4
   * where the protocol squashes, else 1.
   */
  readonly batchSize?: number | undefined;
  /** An image without labels shows the classes with a score above this, and at least the best one. */
  readonly scoreThreshold?: number | undefined;
  /**
   * Bytes that an image may take, and those under way together, by estimate; one that would take more is refused. Where the protocol
   * allows it, its CRF does with fewer classes instead. Default: any.
   */
  readonly memory?: number | undefined;
  /** What the caller takes beside, for what it makes of an image's results. */
  readonly further?: ((image: SizeAndLabels) => FurtherMemory) | undefined;
  /** Called with rows of probabilities before the CRF: for what is too large to be kept whole. Not together with `finish`. */
  readonly onStrip?: ((strip: ProbabilityStrip) => void) | undefined;
}

/** Rows of class probabilities of an image, before a CRF. */
export interface ProbabilityStrip extends ProbabilityRows {
  readonly image: SegmenterImage;
}

/** What {@link segmenter} may be told. */
export interface SegmenterOptions<O extends SegmenterOutput> extends StreamOptions<O> {
  /** Makes graphs of the passes that repeat; without it operations run one by one. */
  readonly compiler?: Compiler | undefined;
  /**
   * Where images have sizes of their own: images of one size after which that size is compiled. `1` compiles every size, as a
   * precision needs that only graphs have; `Infinity` none, so that no result depends, in its last digits, on which images came before.
   */
  readonly compileAfter?: number | undefined;
  /** Reaches the backbone in passes that are compiled: `lanesOf(engine).forward` of `@toco/graph`. */
  readonly forward?: ApplyOptions | undefined;
}

/** What a stream may be told. */
export interface SegmentOptions<I> {
  /** Ends the stream early, between images. */
  readonly signal?: { readonly aborted: boolean } | undefined;
  /** Told of an image that would take too much memory, which has no result then; by default the stream ends with that line. */
  readonly onRefused?: ((image: I, message: string) => void) | undefined;
}

/** A network that answers a stream of images with a stream of results. */
export interface Segmenter<O extends SegmenterOutput> {
  readonly protocol: Protocol;
  /**
   * Results in the order of the images.
   *
   * @throws one line: an image that is none, or that would take too much memory
   */
  segment<I extends SegmenterImage>(
    images: Iterable<I> | AsyncIterable<I>,
    options?: SegmentOptions<I>,
  ): AsyncGenerator<Segmented<I, O>, void, undefined>;
  /** What an image of a size would take. */
  estimate(image: SizeAndLabels): MemoryEstimate;
  /** The line that refuses an image of a size; undefined where it fits into `memory` bytes. */
  refusal(image: SizeAndLabels & { readonly id?: string }, memory: number): string | undefined;
  /** Frees what was compiled; the parameters stay the caller's. */
  dispose(): void;
}

/**
 * A network made ready for pictures of any size, on whatever backend of TensorFlow.js is active.
 *
 * What the network gives on its token grids is resized, fused and refined on the host, in strips of rows: sizes of their own
 * cost no graphs, and `[H,W,K]` is never there at once unless it is asked for.
 *
 * @throws one line: an output that the network does not have, a CRF that is missing, a window that is no whole number of patches
 * @example
 * ```ts
 * const { network, params } = await loadNetwork('runs/voc');
 * const voc = segmenter(network, params, { protocol: protocols.voc, outputs: ['labels', 'cam'], crf: denseCrf });
 * for await (const { image, labels, cam } of voc.segment(images)) show(image.id, labels, cam);
 * voc.dispose();
 * ```
 */
export function segmenter<P extends TensorTree, const O extends SegmenterOutput = 'labels' | 'scores'>(
  network: Network<P>,
  params: UsedParams<P>,
  { compiler, compileAfter = 3, forward, ...options }: SegmenterOptions<O> = {},
): Segmenter<O> {
  const engine = networkEngine(network, params, { compiler, compileAfter, forward });
  return segmenterOn(engine, options, network);
}

/** A segmenter on anything that images go through. */
export function segmenterOn<O extends SegmenterOutput>(
  engine: PassEngine,
  options: StreamOptions<O>,
  network: MemoryUse['network'],
): Segmenter<O> {
  const {
    protocol = protocols.fast,
    crf,
    memory = Infinity,
    further,
    scoreThreshold = 0.5,
    onStrip,
    finish,
  } = options;
  // eslint-disable-next-line no-restricted-syntax -- what O is where nothing is asked for
  const outputs = options.outputs ?? (['labels', 'scores'] as unknown as readonly O[]);
  const { batchSize = isFixed(protocol) || protocol.window ? 4 : 1 } = options;
  const plan = planPasses(protocol, outputs, { strips: onStrip !== undefined });
  assertFits();
  const refines =
    protocol.crf !== undefined &&
    (['labels', 'probabilities'] as string[]).some((one) => outputs.includes(one as O));
  const atOnce = refines || finish !== undefined ? Math.max(1, options.finishedAtOnce ?? 1) : 1;
  const estimate = (image: SizeAndLabels): MemoryEstimate =>
    estimateMemory(image, { network, protocol, outputs, batchSize, further: further?.(image) });
  const refusal = (image: SizeAndLabels & { readonly id?: string }, limit: number): string | undefined =>
    memoryRefusal(image, {
      ...{ estimate: estimate(image), memory: limit, protocol },
      ...{ further: further?.(image), what: image.id },
    });
  return {
    protocol,
    estimate,
    refusal,
    segment,
    dispose: () => {
      engine.dispose();
    },
  };

  async function* segment<I extends SegmenterImage>(
    images: Iterable<I> | AsyncIterable<I>,
    { signal, onRefused }: SegmentOptions<I> = {},
  ): AsyncGenerator<Segmented<I, O>, void, undefined> {
    interface UnderWay {
      readonly result: Promise<Segmented<I, O> | undefined>;
      readonly bytes: number;
      isThere: boolean;
    }
    const underWay: UnderWay[] = [];
    const refused = (image: I, error: ImageRefused): undefined => {
      if (onRefused === undefined) throw error;
      onRefused(image, error.message);
    };
    async function* thatFit(): AsyncGenerator<I> {
      for await (const image of images) {
        const line = memory === Infinity ? undefined : refusal(image, memory);
        if (line === undefined) yield image;
        else refused(image, new ImageRefused(line));
      }
    }
    /** Results in their turn: those that are there, and others until fewer than `most` images are under way and leave room for some bytes. */
    async function* finishedUntil(most: number, bytes: number): AsyncGenerator<Segmented<I, O>> {
      const taken = (): number => underWay.reduce((sum, one) => sum + one.bytes, 0);
      const waits = (): boolean => underWay.length >= most || taken() + bytes > memory;
      for (let first = underWay[0]; first !== undefined; first = underWay[0]) {
        if (!first.isThere && !waits()) return;
        if (signal?.aborted) return;
        const result = await first.result;
        underWay.shift();
        if (result !== undefined) yield result;
      }
    }
    for await (const some of chunksOf(thatFit(), batchSize)) {
      yield* finishedUntil(Infinity, Math.max(...some.map((image) => estimate(image).bytes)));
      if (signal?.aborted) break;
      const maps = await passesOf(some);
      // Workers are heard only between this thread's tasks.
      if (underWay.length > 0) await nextTask();
      for (const [i, image] of some.entries()) {
        const { planes, crf: refining } = estimate(image);
        const bytes = Math.min(planes + refining, memory);
        yield* finishedUntil(atOnce, bytes);
        if (signal?.aborted) break;
        const result = finished(image, maps[i]!).then((found): Segmented<I, O> | undefined => {
          if ('refused' in found) return refused(image, new ImageRefused(found.refused));
          // eslint-disable-next-line no-restricted-syntax -- what was asked for is there
          return { ...found, image } as unknown as Segmented<I, O>;
        });
        const one: UnderWay = { result, bytes, isThere: false };
        // Its turn comes later; until then a failure is nobody's.
        const isThere = (): void => {
          one.isThere = true;
        };
        result.then(isThere, isThere);
        underWay.push(one);
      }
      // What this thread finishes gains nothing from waiting for the next passes.
      if (atOnce === 1) yield* finishedUntil(1, 0);
    }
    yield* finishedUntil(1, 0);
  }

  /** What is left to do for an image: here, or where `finish` does it. */
  async function finished(image: SegmenterImage, passed: readonly ImageMaps[]): Promise<Finished> {
    const { id, height, width, labels, data } = image;
    const task = {
      // The rest of the image stays here.
      image: { id, height, width, labels, data: refines ? data : undefined },
      ...{ passed, protocol, outputs, scoreThreshold },
      mostClasses: memory === Infinity || !refines ? Infinity : mostClassesOf(image, memory),
    };
    if (finish !== undefined) return finish(task);
    return finishImage(task, { crf, onStrip: onStrip && ((rows) => onStrip({ image, ...rows })) });
  }

  /** Maps of each image; images of one base size share their passes. */
  async function passesOf(images: readonly SegmenterImage[]): Promise<ImageMaps[][]> {
    const results: ImageMaps[][] = [];
    const groups = new Map<string, number[]>();
    images.forEach((image, i) => {
      const { height, width } = baseSize(image, protocol.size);
      const key = `${height}×${width}`;
      groups.set(key, [...(groups.get(key) ?? []), i]);
    });
    for (const group of groups.values()) {
      const samples = group.map((i) => samplesOf(images[i]!));
      const passed = await runPasses(samples, { engine, protocol, plan, batchSize });
      group.forEach((i, b) => {
        results[i] = passed[b]!;
      });
    }
    return results;
  }

  function mostClassesOf(image: SizeAndLabels, limit: number): number {
    if (!protocol.mayLeaveOut) return Infinity;
    return classesThatFit(image, estimate(image), limit);
  }

  function assertFits(): void {
    assertProtocol(protocol);
    const { window, crf: preset } = protocol;
    const refuse = (line: string): never => {
      throw new Error(`segmenter: ${line}`);
    };
    if (onStrip !== undefined && finish !== undefined)
      refuse(
        'onStrip is called while this thread finishes an image; leave finish out, or ask for probabilities.',
      );
    if (preset !== undefined && crf === undefined && finish === undefined)
      refuse(
        `protocol ${protocol.name} has a CRF; give one, such as denseCrf of @toco/crf, or a protocol without.`,
      );
    const missing = plan.flatMap(({ wanted }) => wanted).find((output) => !engine.gives(output));
    if (missing !== undefined) refuse(`${engine.name} gives no ${missing}; ask for something else.`);
    assertOnlySize(engine, protocol, plan);
    if (window && window.size % engine.stride !== 0)
      refuse(
        `window ${window.size} is not a multiple of the patch size ${engine.stride} of ${engine.name}; choose ${Math.ceil(window.size / engine.stride) * engine.stride}.`,
      );
  }
}

/** The part of timers that is used here: the language's own types have them only with those of browsers or Node. */
const { setTimeout } = globalThis as typeof globalThis & {
  readonly setTimeout: (callback: () => void, milliseconds: number) => unknown;
};

function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 0);
  });
}

async function* chunksOf<I>(images: Iterable<I> | AsyncIterable<I>, size: number): AsyncGenerator<I[]> {
  let chunk: I[] = [];
  for await (const image of images) {
    chunk.push(image);
    if (chunk.length < size) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

/** Throws one line where an engine takes one size only and a protocol has others. */
function assertOnlySize(
  { onlySize, name }: PassEngine,
  { size, window }: Protocol,
  plan: readonly PlannedPass[],
): void {
  if (onlySize === undefined) return;
  const { height, width } = onlySize;
  const squashes = size !== 'native' && 'squash' in size && size.squash === height && height === width;
  if (!window && squashes && plan.every(({ scale }) => scale === 1)) return;
  if (window?.size === height && height === width) return;
  throw new Error(
    `segmenter: ${name} takes images of ${height}×${width} pixels only; squash to that at scale 1, or choose windows of that size.`,
  );
}
