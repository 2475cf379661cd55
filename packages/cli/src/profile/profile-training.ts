import type { Backbone } from '@toco/backbone';
import type { BatchFeed, Dataset } from '@toco/datasets';
import { wholeCheckpoint } from '@toco/weights';
import { stageTimes, type StageTime } from '@toco/graph';
import { isOn, phaseAt, termNames } from '@toco/method';
import {
  batchesOf,
  compiledStepper,
  loaderThreads,
  type Config,
  type TrainingBatches,
  type TrainOptions,
  trainingSource,
  trainingStart,
} from '@toco/trainer';
import { counted, UserError } from '@toco/files';

/** Objects and switches beside the configuration. */
export interface ProfileTrainingOptions {
  /** With `resume`, the folder of the run whose newest checkpoint is profiled; nothing is written to it. */
  readonly folder: string;
  readonly resume: boolean;
  readonly backbone?: Backbone | undefined;
  readonly network?: TrainOptions['network'];
  readonly data?: Dataset | undefined;
  readonly print: (line: string) => void;
}

/** Where the time of training goes. */
export interface TrainingProfile {
  readonly stages: readonly StageTime[];
  /** Seconds of the shortest run that was traced by TensorFlow. */
  readonly traced: number;
  /** Median seconds of an iteration as training runs it. */
  readonly iteration: number;
  readonly loader: {
    /** Images per second while nothing else runs. */
    readonly alone: number;
    /** Images per second while the step runs over and over. */
    readonly beside: number;
    /** Median seconds that an iteration waited for its batch. */
    readonly wait: number;
    readonly workers: number;
  };
  readonly batchSize: number;
  /** Terms that the profiled phase computes. */
  readonly terms: readonly string[];
  /** Iteration that the phase begins at. */
  readonly from: number;
}

const warmUp = 3;
const timed = 5;
const loaderSeconds = 3;

/**
 * Measures where the time of training goes in the last phase of the schedule, the one with the most terms: the stages of the
 * step by TensorFlow's own tracing, whole iterations, and the loader alone and beside the step. Leaves no files behind.
 *
 * @throws one line where the step is not compiled, or compiled by XLA as a whole: it has no stages then
 */
export async function profileTraining(
  config: Config,
  { print, ...options }: ProfileTrainingOptions,
): Promise<TrainingProfile> {
  const { engine, batchSize } = config;
  const { workers, prefetch } = loaderThreads(config.data);
  const needs = 'A profile needs the compiled step on the tensorflow backend';
  if (!engine.compile) throw new UserError(`${needs}: leave engine.compile on.`);
  if (engine.backend !== 'tensorflow') throw new UserError(`${needs}: engine.backend is ${engine.backend}.`);
  if (engine.xla)
    throw new UserError('engine.xla makes the step one piece without stages: profile with it off.');

  const source = await trainingSource(config, { ...options, print });
  const { network, settings } = source;
  const checkpoint = options.resume ? await wholeCheckpoint(options.folder, print) : undefined;
  const { state, step, compiled, iteration } = await trainingStart(config, source, { checkpoint, print });
  if (!compiled) throw new UserError(`${needs}: see \`toco doctor\`.`);
  const from = Math.max(...settings.phases.map((row) => row.from));
  const phase = phaseAt(settings.phases, from);
  const batches = batchesOf(config, source, { startIteration: iteration });
  const say = (what: string): void => {
    print(`Profiling ${network.backbone.name}: ${what} …`);
  };
  try {
    say('the loader alone');
    const first = await next(batches);
    const alone = await imagesPerSecond(batches, { batchSize, prefetch });
    say('compiling');
    const stepper = await compiledStepper({ step, state, feed: first, phase }, compiled);
    try {
      // Batches that were made ahead meanwhile must be used up before waiting means something.
      const before = Math.max(warmUp, prefetch);
      const waits: number[] = [];
      const steps: number[] = [];
      let feed = first;
      for (let i = 0; i < before + timed; i++) {
        if (i === 0) say(`${counted(before, 'iteration')} to warm up`);
        if (i === before) say(counted(timed, 'iteration'));
        const asked = performance.now();
        feed = await next(batches);
        const got = performance.now();
        await stepper.step(feed, phase);
        if (i < before) continue;
        waits.push((got - asked) / 1000);
        steps.push((performance.now() - got) / 1000);
      }
      say('the loader beside the step');
      const beside = await whileRepeating(
        () => stepper.step(feed, phase),
        () => imagesPerSecond(batches, { batchSize, prefetch }),
      );
      await batches.close();
      say(`${timed} traced runs`);
      const { milliseconds, operations } = await stepper.profile(feed, phase, { runs: timed });
      return {
        stages: stageTimes(operations),
        traced: milliseconds / 1000,
        iteration: median(steps),
        loader: { alone, beside, wait: median(waits), workers },
        batchSize,
        terms: termNames(settings.phases).filter((term) => isOn(phase, term)),
        from,
      };
    } finally {
      stepper.dispose();
    }
  } finally {
    await batches.close();
  }
}

async function next(batches: TrainingBatches): Promise<BatchFeed> {
  return (await batches.next()).value!; // they never end
}

/** How fast batches come when each is asked for at once. */
async function imagesPerSecond(
  batches: TrainingBatches,
  { batchSize, prefetch }: { batchSize: number; prefetch: number },
): Promise<number> {
  for (let i = 0; i <= prefetch; i++) await next(batches); // made ahead
  const start = performance.now();
  const passed = (): number => (performance.now() - start) / 1000;
  let count = 0;
  while (passed() < loaderSeconds) {
    await next(batches);
    count++;
  }
  return (count * batchSize) / passed();
}

/** The result of `f`, during which `repeated` runs again and again. */
async function whileRepeating<T>(repeated: () => Promise<unknown>, f: () => Promise<T>): Promise<T> {
  let busy = true;
  const repeat = async (): Promise<void> => {
    while (busy) await repeated();
  };
  const measure = f().finally(() => {
    busy = false;
  });
  const [result] = await Promise.all([measure, repeat()]);
  return result;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(values.length - 1) >> 1]! + sorted[values.length >> 1]!) / 2;
}
