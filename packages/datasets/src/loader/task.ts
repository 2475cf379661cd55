import type { Sample } from '../dataset/dataset.js';
import { loadEvaluationSample, type EvaluationOptions, type EvaluationSample } from './evaluation-sample.js';
import { loadPhotograph, type Photograph, type PhotographOptions } from './photograph.js';
import { threadWork } from '../threads/thread-work.js';
import {
  loadTrainingBatch,
  type TrainingBatch,
  type TrainingTask,
  type UnreadableBatch,
} from './training-batch.js';

/** An evaluation sample that is still to be made. */
export interface EvaluationTask {
  readonly kind: 'evaluation';
  readonly sample: Sample;
  readonly options: EvaluationOptions;
}

/** A photograph that is still to be read. */
export interface PhotographTask {
  readonly kind: 'photograph';
  /** Place in the list. */
  readonly index: number;
  readonly sample: Sample;
  readonly options: PhotographOptions;
}

/** Work for a thread: plain data that says everything, so that any thread gives the same result. */
export type LoaderTask = TrainingTask | EvaluationTask | PhotographTask;

/** What a task results in. */
export type TaskResult = TrainingBatch | UnreadableBatch | EvaluationResult | PhotographResult;

/** An evaluation sample, or why there is none. */
export type EvaluationResult =
  | { readonly sample: EvaluationSample }
  | { readonly unreadable: { readonly id: string; readonly message: string } };

/** A photograph, or why there is none. */
export type PhotographResult =
  | { readonly index: number; readonly photograph: Photograph }
  | { readonly unreadable: { readonly index: number; readonly id: string; readonly message: string } };

async function photographResult({ index, sample, options }: PhotographTask): Promise<PhotographResult> {
  try {
    return { index, photograph: await loadPhotograph(sample, options) };
  } catch (error) {
    return { unreadable: { index, id: sample.id, message: (error as Error).message } };
  }
}

async function evaluationResult({ sample, options }: EvaluationTask): Promise<EvaluationResult> {
  try {
    return { sample: await loadEvaluationSample(sample, options) };
  } catch (error) {
    return { unreadable: { id: sample.id, message: (error as Error).message } };
  }
}

/** Does the work. */
export function runTask(task: LoaderTask): Promise<TaskResult> {
  if (task.kind === 'photograph') return photographResult(task);
  return task.kind === 'training' ? loadTrainingBatch(task) : evaluationResult(task);
}

/** The work of a loader's threads. */
export const loaderWork = threadWork(import.meta.url, runTask);
