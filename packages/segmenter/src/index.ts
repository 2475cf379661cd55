export {
  inferenceForward,
  type InferenceInputs,
  type InferenceOutput,
  inferenceOutputs,
  type InferenceOutputs,
} from './passes/inference-forward.js';
export { labelsOfCam, labelsOfLogits } from './masks/predict-labels.js';
export { type Planes, resizePlanes, type Size } from './masks/resize-planes.js';
export {
  addMatrix,
  confusionMatrix,
  type ConfusionMatrix,
  countPixels,
  intersectionOverUnion,
} from './metrics/confusion-matrix.js';
export type { IntersectionOverUnion, MeanOver } from './metrics/intersection-over-union.js';
export { precisionRecall, type PrecisionRecall, type PrecisionsRecalls } from './metrics/precision-recall.js';
export {
  addSweep,
  bestPoint,
  countCam,
  sweepCounts,
  type SweepCounts,
  sweepCurve,
  type SweepPoint,
} from './metrics/threshold-sweep.js';
export type { Evaluation } from './metrics/evaluation.js';
export { f1Score } from './metrics/f1-score.js';
export { tokenSimilarity } from './forward/token-similarity.js';
export { attentionMap } from './figures/attention-map.js';
export { type DrawnCrop, drawnCrops, type DrawnCropsOptions } from './figures/drawn-crops.js';
export { errorColors, errorOverlay } from './overlays/error-overlay.js';
export { heatColor } from './overlays/heat-color.js';
export { heatOverlay, labelOverlay, type Labels, withOutlines } from './overlays/overlays.js';
export { type EvaluationProtocol, evaluationProtocol, formatEvaluationProtocol } from './metrics/protocol.js';
export { crfPresets } from './protocol/crf-presets.js';
export { formatProtocol } from './protocol/format-protocol.js';
export {
  type CrfPreset,
  type Passes,
  type Protocol,
  type ProtocolName,
  protocols,
  type ProtocolSize,
  type Window,
} from './protocol/protocol.js';
export { protocolOf, type ProtocolSettings } from './protocol/protocol-of.js';
export { validationProtocol, type ValidationSettings } from './protocol/validation-protocol.js';
export type { CompiledPass, Compiler, Pass } from './passes/network-engine.js';
export type { Prepare } from './passes/live-engine.js';
export type { UsedParams } from './passes/network-pass.js';
export type { PassOutput } from './passes/pass-engine.js';
export type { ImageMaps } from './passes/image-maps.js';
export { type Finished, finishImage, type FinishMeans, type FinishTask } from './finish/finish-image.js';
export {
  crfMemory,
  estimateMemory,
  type FurtherMemory,
  type MemoryEstimate,
  type MemoryUse,
} from './stream/memory.js';
export type { Crf, ProbabilityRows } from './finish/refine-segmentation.js';
export type {
  Segmented,
  SegmenterImage,
  SegmenterOutput,
  SegmenterOutputs,
  SizeAndLabels,
} from './finish/segmenter-image.js';
export { liveSegmenter } from './stream/live-segmenter.js';
export {
  type ProbabilityStrip,
  type Segmenter,
  segmenter,
  type SegmenterOptions,
  type SegmentOptions,
  type StreamOptions,
} from './stream/segmenter.js';
export { pseudoLabels, type PseudoLabelsOptions, type Refine, refineByCrf } from './labels/pseudo-labels.js';
export { parMemory, refineByPar } from './labels/refine-by-par.js';
export { segmentationCams } from './labels/segmentation-cams.js';
export type { ExportedModel } from './passes/graph-engine.js';
export { segmenterOfGraph } from './stream/segmenter-of-graph.js';
export { similarityMap } from './labels/similarity-map.js';
export { evaluationLine, evaluationRow } from './metrics/evaluation-row.js';
export {
  type EvaluationTally,
  evaluationTally,
  mergedEvaluation,
  type TalliedImage,
  type TallyCounts,
} from './metrics/tally.js';
