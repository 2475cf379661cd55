import { UserError } from '@toco/files';
import type { TensorTree } from '@toco/core';
import { phaseAt } from '@toco/method';
import { loadedBackend } from '@toco/runtime';
import {
  batchesOf,
  compiledStepper,
  type Config,
  parseConfig,
  type Stepper,
  trainingSource,
  trainingStart,
} from '@toco/trainer';
import { recordedLosses } from './recorded-losses.js';
import { tryData } from './try-data.js';

/** What {@link tryStep} found. Times are seconds. */
export interface TriedStep {
  readonly device: string;
  /** The engine in one line. */
  readonly engine: string;
  /** Losses of each step. */
  readonly losses: readonly Readonly<Record<string, number>>[];
  /** The loss that is furthest from the recorded one, relative to that or to 0.001. */
  readonly worst: { readonly step: number; readonly term: string; readonly difference: number };
  /** What the difference may be. */
  readonly tolerance: number;
  /** Tracing and compiling, and the first step. */
  readonly first: number;
  /** Median of the steps after the recorded ones. */
  readonly each: number;
}

const size = 96;
const timed = 5;

/** Relative difference that a precision explains: of single precision, and of products with 8 to 11 bits. */
const tolerances = { exact: 1e-4, rounded: 2e-3 };

/** Losses below this are compared as if they were this: they are differences of larger numbers. */
const smallest = 1e-3;

/** A small network with all of the method, and settings of the engine. */
export function tryConfig(engine: Partial<Config['engine']>): Config {
  return parseConfig({
    batchSize: 4,
    views: { cropSize: size },
    backbone: { name: 'vit_mini_patch8_96' },
    network: { decoderDim: 64, projection: { hidden: 128, bottleneck: 64, out: 128 } },
    localCrops: { size: 32 },
    optimizer: { warmup: 1, iterations: 100 },
    data: { workers: 1 },
    engine,
  });
}

/**
 * Trains a small network for a few steps as `toco train` does: images through worker threads, the step as one graph on the
 * engine's device, all six terms. Compares the losses of the first steps with those that were recorded on a CPU.
 *
 * @throws one line where the engine can't be had, or a step fails
 */
export async function tryStep(engine: Partial<Config['engine']>): Promise<TriedStep> {
  const config = tryConfig(engine);
  const source = await trainingSource(config, { data: tryData(), print: () => undefined });
  const started = await trainingStart(config, source, { checkpoint: undefined, print: () => undefined });
  const { state, step, compiled } = started;
  if (!compiled)
    throw new UserError(
      '--try needs the compiled step: leave engine.compile and engine.backend as they are.',
    );
  const phase = phaseAt(source.settings.phases, Infinity);
  const steps = recordedLosses.length;
  const batches = batchesOf(config, source, { startIteration: 0, endIteration: steps });
  try {
    let stepper: Stepper<TensorTree> | undefined;
    const losses: Record<string, number>[] = [];
    const times: number[] = [];
    const began = performance.now();
    let first = NaN;
    for await (const feed of batches) {
      stepper ??= await compiledStepper({ step, state, feed, phase }, compiled);
      const metrics: Readonly<Record<string, number>> = await stepper.step(feed, phase);
      if (losses.length === 0) first = (performance.now() - began) / 1000;
      losses.push(Object.fromEntries(Object.keys(recordedLosses[0]!).map((term) => [term, metrics[term]!])));
      for (let i = 0; losses.length === steps && i < timed; i++) {
        const start = performance.now();
        await stepper.step(feed, phase);
        times.push((performance.now() - start) / 1000);
      }
    }
    stepper?.dispose();
    const { device = 'cpu', description = '' } = loadedBackend() ?? {};
    const { precision, tf32 } = config.engine;
    const isRounded = precision === 'bf16' || (tf32 && device === 'gpu');
    return {
      device,
      engine: description,
      losses,
      // After an update rounding has a course of its own: then the first step alone tells.
      worst: furthest(isRounded ? losses.slice(0, 1) : losses),
      tolerance: isRounded ? tolerances.rounded : tolerances.exact,
      first,
      each: times.sort((a, b) => a - b)[Math.floor(timed / 2)]!,
    };
  } finally {
    await batches.close();
  }
}

function furthest(losses: TriedStep['losses']): TriedStep['worst'] {
  const all = losses.flatMap((terms, step) =>
    Object.entries(recordedLosses[step]!).map(([term, recorded]) => {
      const difference = Math.abs(terms[term]! - recorded) / Math.max(Math.abs(recorded), smallest);
      return { step: step + 1, term, difference: Number.isNaN(difference) ? Infinity : difference };
    }),
  );
  return all.reduce((worst, next) => (next.difference > worst.difference ? next : worst));
}

/** Whether the losses are those that were recorded. */
export function isRight({ worst, tolerance }: TriedStep): boolean {
  return worst.difference <= tolerance;
}

/** The outcome as lines. */
export function formatTried(tried: TriedStep): string {
  const { engine, worst, tolerance, first, each } = tried;
  const { step, term, difference } = worst;
  const figure = `furthest is ${term} of step ${step}, by ${difference.toExponential(1)} (allowed ${tolerance.toExponential(0)})`;
  return [
    engine,
    `A training step of a small network, compiled: ${first.toFixed(1)} s for the first, ${(1000 * each).toFixed(0)} ms for each after.`,
    isRight(tried)
      ? `Its losses are those recorded on a CPU: ${figure}.`
      : `Its losses are NOT those recorded on a CPU: ${figure}. Please report it with the output of "toco doctor --try --json".`,
  ].join('\n');
}
