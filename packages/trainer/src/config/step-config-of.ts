import type { Config } from './config.js';
import { stepConfigSchema, type StepConfig } from './step-config.js';

/** The part of a run's configuration that the step sees, with the number of classes of the data. */
export function stepConfigOf(config: Config, numClasses: number): StepConfig {
  const keys = Object.keys(stepConfigSchema.shape).filter((key) => key !== 'numClasses');
  const part = Object.fromEntries(keys.map((key) => [key, config[key as keyof Config]]));
  return stepConfigSchema.parse({ ...part, numClasses });
}
