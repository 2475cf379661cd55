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
export {
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
