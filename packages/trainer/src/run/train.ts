import type { Backbone } from '@toco/backbone';
import type { Dataset, Enrichment } from '@toco/datasets';
import type { Config } from '../config/config.js';
import type { Evaluation } from '@toco/segmenter';
import type { Panel } from '@toco/report';
import { type MethodParts, type Phase, phaseAt } from '@toco/method';
import type { MakeNetwork } from '@toco/network';
import { readCheckpointInfo } from '../checkpoints/checkpoint.js';
import { listCheckpoints } from '@toco/weights';
import { assertFinite } from '../checkpoints/finite.js';
import type { Cluster } from '@toco/runtime';
import { trainTogether, type Together } from '../cluster/together.js';
import { openRun, type Run } from './open-run.js';
import type { Snapshot } from '../execution/eager.js';
import { type Advised, adviceFor } from '../checkpoints/advice.js';
import { assertTrainOptions } from './assert-options.js';
import { rescue } from './rescue.js';

/** Objects and switches beside the configuration. */
export interface TrainOptions extends MethodParts {
  /** Folder of the run: checkpoints, metrics, events. */
  readonly folder: string;
  /** A backbone of one's own instead of the named one. */
  readonly backbone?: Backbone | undefined;
  /**
   * Makes a network of one's own, as `createNetwork` of `@toco/network` does. So that whoever resumes or evaluates the run need not
   * name it again, it may be a module's: see `network.module`.
   */
  readonly network?: MakeNetwork | undefined;
  /** A data set of one's own instead of the named one. */
  readonly data?: Dataset | undefined;
  /**
   * What else is made of every training image, in the loader's threads: a module and the name of its function, see `Enrich` of
   * `@toco/datasets`. It gives an object of `{ data, shape }`, which come to terms, targets and refinement as `batch.extra`.
   */
  readonly enrichment?: Enrichment | undefined;
  /** Resumes the run in the folder from its newest checkpoint that is whole; `auto`: where there is one, else begins it. */
  readonly resume?: boolean | 'auto' | undefined;
  /** The processes that train together, see `clusterOfEnvironment` of `@toco/runtime`; `folder` is shared; default: this one alone. */
  readonly cluster?: Cluster | undefined;
  /** Ends the run after the iteration at hand, or in the middle of a validation, with a checkpoint. */
  readonly signal?: AbortSignal | undefined;
  /** Takes what is said about the run, a line at a time; default: the error stream. */
  readonly print?: ((line: string) => void) | undefined;
  /** Whose options messages name: those of `train()`, or those of `toco train`, which calls it so; default: `program`. */
  readonly advice?: Advised | undefined;
  /** Called, and waited for, after every iteration, in every process that trains; an error of its ends the run, which is saved. */
  readonly onIteration?: ((iteration: TrainedIteration) => void | Promise<void>) | undefined;
  /** Called with every image of the last validation; for reports of one's own. */
  readonly onPanel?: ((panel: Panel) => void) | undefined;
  /** Whether the folder gets a `report.html` at the end, with best and worst images and curves; default: true. */
  readonly report?: boolean | undefined;
}

/** An iteration that has ended, as {@link TrainOptions.onIteration} is told of it. */
export interface TrainedIteration {
  /** Iterations done, this one included. */
  readonly iteration: number;
  readonly phase: Phase;
  /** Loss, its terms, and the rest of a row of metrics, of this iteration alone. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Names of its images. */
  readonly ids: readonly string[];
  /** The state after it; the caller disposes the snapshot, before it returns. */
  readonly snapshot: () => Promise<Snapshot>;
}

/** How a run ended. */
export interface TrainResult {
  /** Iterations done, those before a resume included. */
  readonly iterations: number;
  readonly interrupted: boolean;
  /** Figures of the last validation. */
  readonly evaluation?: Evaluation;
  /** Folder of the newest checkpoint; empty where there is none yet. */
  readonly checkpoint: string;
  /** Path of the report, where one was written. */
  readonly report?: string;
}

/**
 * Trains ToCo: from a configuration and a folder of photographs with image-level labels to a segmentation network.
 *
 * Everything is written below `folder`, by one process at a time. The run can be interrupted at any moment: with `resume` it
 * goes on from the newest checkpoint, with the same batches as if it had never stopped. Where something goes wrong, what was
 * trained until then is saved first.
 *
 * @throws one line for what is wrong in configuration, data or files; where a loss is no number, the iteration
 * @example
 * await train(await loadConfig('voc.yaml'), { folder: 'runs/voc', data: voc('VOCdevkit/VOC2012') });
 */
export async function train(config: Config, options: TrainOptions): Promise<TrainResult> {
  const { folder, signal, print = (line) => process.stderr.write(`${line}\n`) } = options;
  assertTrainOptions(config, options);
  let run: Run;
  let together: Together | undefined;
  try {
    together = await trainTogether(options.cluster, { signal, print });
    run = await openRun(config, { ...options, print, together });
  } catch (error) {
    await together?.leave(error as Error);
    if (!(together?.asked ?? signal)?.aborted) throw error;
    return interruptedStart(folder);
  }
  const { total, phases, stepper, saver, validator, records } = run;
  let iteration = run.start;
  try {
    // What an interruption left undone comes first.
    if (await validator.isDue(iteration)) await validator.validate(stepper!, iteration);
    for await (const feed of run.feeds) {
      const began = performance.now();
      const phase = phaseAt(phases, iteration);
      const metrics = await stepper!.step(feed, phase);
      iteration++;
      assertFinite(metrics);
      const seconds = (performance.now() - began) / 1000;
      await records.step(iteration, { ...metrics, seconds }, { feed, phase });
      await options.onIteration?.({
        ...{ iteration, phase, metrics: { ...metrics, seconds }, ids: run.ids() },
        snapshot: () => stepper!.snapshot(),
      });
      const saves = iteration === total || iteration % config.run.checkpointEvery === 0;
      if (saves) {
        await run.assertReadable();
        await saver.save(stepper!, iteration);
      }
      if (await validator.isDue(iteration)) await validator.validate(stepper!, iteration);
      records.resume();
    }
    if (stepper && iteration < total) await saver.save(stepper, iteration);
    const interrupted = iteration < total || (await validator.isDue(iteration));
    await together.leave();
    return { iterations: iteration, interrupted, checkpoint: saver.newest(), ...validator.result() };
  } catch (error) {
    records.pause();
    const advice = adviceFor(options.advice);
    await together.leave(error as Error);
    throw await rescue(error as Error, { ...run, together, folder, iteration, print, advice });
  } finally {
    records.pause();
    await run.close();
  }
}

/** How a run ends that is interrupted while it is prepared: with what it had before. */
async function interruptedStart(folder: string): Promise<TrainResult> {
  const checkpoint = (await listCheckpoints(folder)).at(-1);
  const iterations = checkpoint === undefined ? 0 : (await readCheckpointInfo(checkpoint)).iteration;
  return { iterations, interrupted: true, checkpoint: checkpoint ?? '' };
}
