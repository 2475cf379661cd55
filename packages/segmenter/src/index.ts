export {
  evaluationForward,
  type EvaluationInputs,
  type EvaluationOutputs,
} from './forward/evaluation-forward.js';
export {
  inferenceForward,
  type InferenceInputs,
  type InferenceOutputs,
} from './forward/inference-forward.js';
export { labelsOfCam, labelsOfLogits } from './masks/predict-labels.js';
export { type Planes, resizePlanes } from './masks/resize-planes.js';
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
export { heatColor } from './overlays/heat-color.js';
export { heatOverlay, labelOverlay, type Labels, withOutlines } from './overlays/overlays.js';
export { type EvaluationProtocol, evaluationProtocol, formatProtocol } from './metrics/protocol.js';
export { evaluationLine, evaluationRow } from './metrics/evaluation-row.js';
export {
  type EvaluationTally,
  evaluationTally,
  type ImagePrediction,
  type ScoredImage,
} from './metrics/tally.js';
