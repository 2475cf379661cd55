export { attentionRefine } from './attention-refine.js';
export { assertAverages, averagedParameters, type Averages, initAverages } from './averages.js';
export type { Batch } from './batch.js';
export { describeIssue } from './describe-issue.js';
export { ema } from './ema.js';
export {
  type LossContext,
  type LossFunction,
  type LossInputs,
  lossTermValues,
  type TermValues,
  totalLoss,
} from './loss-terms.js';
export {
  ignoreIndex,
  phaseSchema,
  stepConfig,
  type StepConfig,
  type StepConfigInput,
  stepConfigSchema,
} from './method-config.js';
export { globalNorm, type StepMetrics } from './metrics.js';
export { adamW, type AdamWOptions, type AdamWState, type AdamWUpdate, initAdamW } from './optimizer/adamw.js';
export { learningRate, type LearningRateSchedule, learningRateTensor } from './optimizer/learning-rate.js';
export { assignGroups, isBelow, type ParameterGroup, pathsInstead } from './optimizer/parameter-groups.js';
export {
  isOn,
  type LossTerm,
  lossTerms,
  type LossWeights,
  type Phase,
  phaseAt,
  type ScheduledPhase,
  termNames,
} from './phase.js';
export type { MethodParts } from './method-parts.js';
export { assertTerms } from './own-terms.js';
export {
  computeTargets,
  type Refine,
  type TargetContext,
  type TargetFunction,
  type TargetInputs,
  type Targets,
} from './targets.js';
export { tocoParameterGroups } from './toco-groups.js';
export { initTrainState, trainedParameters, type TrainState } from './train-state.js';
export { type Thresholds, thresholdsAt } from './thresholds.js';
export { trainStep, type TrainStep } from './train-step.js';
export { resolveShares } from './schedule-shares.js';
export { scheduleWarnings } from './schedule-warnings.js';
export { configChanges } from './config-changes.js';
export { type MetricsWindowState, metricsWindow } from './metrics-window.js';
export { trainingPace } from './training-pace.js';
