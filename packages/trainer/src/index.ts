export {
  phaseSchema,
  stepConfig,
  stepConfigSchema,
  type StepConfig,
  type StepConfigInput,
} from './config/step-config.js';
export { adamW, initAdamW, type AdamWOptions, type AdamWState, type AdamWUpdate } from './optimizer/adamw.js';
export { learningRate, learningRateTensor, type LearningRateSchedule } from './optimizer/learning-rate.js';
export { assignGroups, type ParameterGroup } from './optimizer/parameter-groups.js';
export type { Batch } from './step/batch.js';
export { ema } from './step/ema.js';
  lossTerms,
  phaseAt,
  type LossTerm,
  type LossWeights,
  type Phase,
  type ScheduledPhase,
} from './step/phase.js';
export type { StepMetrics } from './step/metrics.js';
export { computeTargets, type TargetInputs, type Targets } from './step/targets.js';
export { trainStep, type TrainStep } from './step/train-step.js';
export { initTrainState, trainedParameters, type TrainState } from './step/train-state.js';
export { configSchema, type Config, type ConfigInput } from './config/config.js';
export { loadConfig } from './config/load-config.js';
export { parseConfig } from './config/parse-config.js';
export { evaluate, type Evaluation, type EvaluateOptions, type Panel } from './evaluation/evaluate.js';
  evaluationForward,
  type EvaluationInputs,
  type EvaluationOutputs,
} from './evaluation/evaluation-forward.js';
export { tokenSimilarity } from './evaluation/token-similarity.js';
  confusionMatrix,
  countPixels,
  intersectionOverUnion,
  type ConfusionMatrix,
  type IntersectionOverUnion,
} from './evaluation/confusion-matrix.js';
  readModel,
  readTrainState,
  resolveCheckpoint,
  writeCheckpoint,
  type CheckpointInfo,
} from './run/checkpoint.js';
export { evaluateCheckpoint, type EvaluateCheckpointOptions } from './run/evaluate-checkpoint.js';
export { train, type TrainOptions, type TrainResult } from './run/train.js';
export { feedBatch, type BatchFeed } from './data/feed-batch.js';
export { feedTensors } from './data/feed-tensors.js';
  trainingBatches,
  type TrainingBatches,
  type TrainingBatchesOptions,
} from './data/training-batches.js';
export { backboneByName } from './network/backbone-by-name.js';
export { interruption } from './cli/interruption.js';
export { readMetrics, type MetricsRow } from './run/metrics-log.js';
export { type ReportBaseline, type ReportData } from './report/report-data.js';
export { reportPanel, type ReportPanel, type ReportPanelOptions } from './report/report-panel.js';
export { writeReport } from './report/write-report.js';
