import type { Sample } from '../dataset.js';
import { loadEvaluationSample, type EvaluationOptions, type EvaluationSample } from '../evaluation-sample.js';
import { threadWork } from '../threads/thread-work.js';
import { loadTrainingBatch, type TrainingBatch, type TrainingTask } from './training-batch.js';

/** An evaluation sample that is still to be made. */
export interface EvaluationTask {
  readonly kind: 'evaluation';
  readonly sample: Sample;
  readonly options: EvaluationOptions;
}

/** Work for a thread: plain data that says everything, so that any thread gives the same result. */
export type LoaderTask = TrainingTask | EvaluationTask;

/** What a task results in. */
export type TaskResult = TrainingBatch | EvaluationSample;

/** Does the work. */
export function runTask(task: LoaderTask): Promise<TaskResult> {
  return task.kind === 'training' ? loadTrainingBatch(task) : loadEvaluationSample(task.sample, task.options);
}

/** The work of a loader's threads. */
export const loaderWork = threadWork(import.meta.url, runTask);
