export { type CheckpointInfo, readTrainState, writeCheckpoint } from './checkpoints/checkpoint.js';
export { resumeCommand } from './checkpoints/resume-command.js';
export type { Advised } from './checkpoints/advice.js';
export { hasRun, readRunConfig, runFiles } from './checkpoints/run-folder.js';
export { modelOfRun, modelOfWeights, type TrainedModel } from './checkpoints/trained-model.js';
export { type Config, type ConfigInput, configSchema } from './config/config.js';
export { loadConfig } from './config/load-config.js';
export { parseConfig } from './config/parse-config.js';
export { resumedConfig } from './config/resumed-config.js';
export { loaderThreads, type LoaderThreads } from './data/loader-threads.js';
export {
  trainingBatches,
  type TrainingBatches,
  type TrainingBatchesOptions,
} from './data/training-batches.js';
export { evaluateCheckpoint, type EvaluateCheckpointOptions } from './evaluation/evaluate-checkpoint.js';
export { evaluate, type EvaluateOptions } from './evaluation/evaluate.js';
export { reportRun, type ReportedRun } from './evaluation/report-run.js';
export { compiledStepper, type CompiledStepper } from './execution/compiled.js';
export { eagerStepper, type Snapshot, type Stepper, type StepperInputs } from './execution/eager.js';
export { type MetricsRow, readMetrics, secondsOf } from './logs/metrics-log.js';
export { assertMultiple, buildNetwork } from './network/build-network.js';
export { exportHubGraph } from './network/export-hub-graph.js';
export { type ExportedNetwork, exportNetwork, type ExportNetworkOptions } from './network/export-network.js';
export { onnxDifference, type OnnxDifferenceOptions } from './network/onnx-difference.js';
export { openRecords, type RecordsOptions, type RunRecords } from './run/records.js';
export { interruption } from './run/interruption.js';
export { train, type TrainedIteration, type TrainOptions, type TrainResult } from './run/train.js';
export {
  batchesOf,
  trainingSource,
  type TrainingSource,
  trainingStart,
  type TrainingStart,
} from './run/training-setup.js';
