import { type ExportedModel, graphEngine } from '../passes/graph-engine.js';
import { protocolOf } from '../protocol/protocol-of.js';
import type { SegmenterOutput } from '../finish/segmenter-image.js';
import { type Segmenter, segmenterOn, type StreamOptions } from './segmenter.js';

/**
 * A segmenter from a graph that `toco export --format tfjs` wrote, in a browser or anywhere else: what it can be asked for is what
 * was exported (`--outputs segLogits,cam,camAux,tokens,attention`).
 *
 * The graph takes images of one size only. Without a protocol they are squashed to it, at one scale; other protocols need
 * windows of that size, in which scales are free.
 *
 * @throws one line: a graph of something else, an output that was not exported, a protocol with other sizes
 * @example
 * ```ts
 * const model = await loadGraphModel('model/model.json'); // @tensorflow/tfjs-converter
 * const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height);
 * const image = { width, height, data: withoutAlpha(data) };
 * for await (const { labels } of segmenterOfGraph(model).segment([image])) draw(labels);
 * ```
 */
export function segmenterOfGraph<const O extends SegmenterOutput = 'labels' | 'scores'>(
  model: ExportedModel,
  options: StreamOptions<O> = {},
): Segmenter<O> {
  const engine = graphEngine(model);
  const { height } = engine.onlySize!;
  const {
    protocol = protocolOf('fast', { size: { squash: height }, camScales: [1], oddSizes: 'reference' }),
  } = options;
  const { numClasses, stride, tokenDim } = engine;
  return segmenterOn(engine, { ...options, protocol }, { numClasses, backbone: { stride, tokenDim } });
}
