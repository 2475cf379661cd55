export { interruption } from './cli/interruption.js';
export { configSchema, type Config, type ConfigInput } from './config/config.js';
export { loadConfig } from './config/load-config.js';
export { parseConfig } from './config/parse-config.js';
export {
  phaseSchema,
  stepConfig,
  stepConfigSchema,
  type StepConfig,
  type StepConfigInput,
} from './config/step-config.js';
export { feedBatch, type BatchFeed } from './data/feed-batch.js';
export { feedTensors } from './data/feed-tensors.js';
export {
  trainingBatches,
  type TrainingBatches,
  type TrainingBatchesOptions,
} from './data/training-batches.js';
export {
  confusionMatrix,
  countPixels,
  intersectionOverUnion,
  type ConfusionMatrix,
  type IntersectionOverUnion,
} from './evaluation/confusion-matrix.js';
export { evaluate, type Evaluation, type EvaluateOptions, type Panel } from './evaluation/evaluate.js';
export {
  evaluationForward,
  type EvaluationInputs,
  type EvaluationOutputs,
} from './evaluation/evaluation-forward.js';
export type { EvaluationProtocol } from './evaluation/protocol.js';
export { tokenSimilarity } from './evaluation/token-similarity.js';
export { backboneByName } from './network/backbone-by-name.js';
export { adamW, initAdamW, type AdamWOptions, type AdamWState, type AdamWUpdate } from './optimizer/adamw.js';
export { learningRate, learningRateTensor, type LearningRateSchedule } from './optimizer/learning-rate.js';
export { assignGroups, type ParameterGroup } from './optimizer/parameter-groups.js';
export { formatStages } from './profile/format-profile.js';
export { stageTimes, type KindTime, type StageTime } from './profile/stage-times.js';
export type { ReportBaseline, ReportData } from './report/report-data.js';
export { reportPanel, type ReportPanel, type ReportPanelOptions } from './report/report-panel.js';
export { describeMachine, secondsOf } from './report/report-run.js';
export { writeReport } from './report/write-report.js';
export {
  readModel,
  readTrainState,
  resolveCheckpoint,
  writeCheckpoint,
  type CheckpointInfo,
} from './run/checkpoint.js';
export { evaluateCheckpoint, type EvaluateCheckpointOptions } from './run/evaluate-checkpoint.js';
export { lanesOf, type Lanes } from './run/lanes.js';
export { readMetrics, type MetricsRow } from './run/metrics-log.js';
export { train, type TrainOptions, type TrainResult } from './run/train.js';
export type { Batch } from './step/batch.js';
export { ema } from './step/ema.js';
export type { StepMetrics } from './step/metrics.js';
export {
  lossTerms,
  phaseAt,
  type LossTerm,
  type LossWeights,
  type Phase,
  type ScheduledPhase,
} from './step/phase.js';
export { computeTargets, type TargetInputs, type Targets } from './step/targets.js';
export { initTrainState, trainedParameters, type TrainState } from './step/train-state.js';
export { trainStep, type TrainStep } from './step/train-step.js';
export { modelOfRun, modelOfWeights, type TrainedModel } from './run/trained-model.js';
export { resolveWeights, type ResolveWeightsOptions } from './weights/resolve-weights.js';
export { convertWeights, type ConvertOptions } from './weights/convert-weights.js';
export { exportNetwork, type ExportFormat, type ExportOptions } from './export/export-network.js';
export type { FrozenGraph, Port } from './export/freeze-graph.js';
export { inferenceForward, type InferenceInputs, type InferenceOutputs } from './export/inference-forward.js';
