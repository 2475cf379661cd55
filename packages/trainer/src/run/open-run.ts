import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Config } from '../config/config.js';
import { phaseAt, type ScheduledPhase, scheduleWarnings } from '@toco/method';
import {
  type BatchFeed,
  listDigest,
  requireTrainingMasks,
  type SampleList,
  tellFindings,
  validationList,
} from '@toco/datasets';
import { loaderThreads } from '../data/loader-threads.js';
import type { TrainingBatches } from '../data/training-batches.js';
import { readCheckpointInfo } from '../checkpoints/checkpoint.js';
import { openRecords, type RunRecords, silentRecords } from './records.js';
import { type Advice, adviceFor } from '../checkpoints/advice.js';
import { enrichmentFacts } from '../checkpoints/enrichment-facts.js';
import { ownParts } from './own-parts.js';
import { engineChange, runChanges } from './run-changes.js';
import { readRunConfig, runFiles, writeRunConfig } from '../checkpoints/run-folder.js';
import { createSaver, type Saver } from './saver.js';
import { compiledStepper } from '../execution/compiled.js';
import { eagerStepper, type Stepper } from '../execution/eager.js';
import type { TrainOptions } from './train.js';
import { agreeOnBeginning } from '../cluster/agreement.js';
import { sharedStepper, withStop } from '../cluster/shared-step.js';
import { openFolder } from '../cluster/shared-folder.js';
import type { Together } from '../cluster/together.js';
import { assertReadableTogether } from '../cluster/unreadable.js';
import { assertShareable } from '../config/parts.js';
import { batchesOf, trainingSource, trainingStart } from './training-setup.js';
import { counted, createProgress, untilAborted } from '@toco/files';
import { createValidator, putReportAside, type Validator } from './validator.js';

/** Everything that training works with, made from a configuration. */
export interface Run {
  readonly start: number;
  /** Iteration to end at. */
  readonly total: number;
  readonly phases: readonly ScheduledPhase[];
  /** Runs the steps; undefined where nothing is left to do. */
  readonly stepper: Stepper | undefined;
  /** Batches from `start` to before `total`; they end early where the run is interrupted. */
  readonly feeds: AsyncIterable<BatchFeed>;
  /** Names of the images of the batch that came last. */
  readonly ids: () => readonly string[];
  /** @throws on all processes, where they together could not read more images than a run may; all call it at once */
  readonly assertReadable: () => Promise<void>;
  readonly saver: Saver;
  readonly validator: Validator;
  readonly records: RunRecords;
  close(): Promise<void>;
}

/**
 * Prepares a run: locks its folder, opens data and network, tells what changed since it was interrupted, writes what it is
 * trained with, starts the engine, compiles.
 *
 * @throws one line for what is wrong; a new run then leaves nothing behind. The signal's reason where it comes meanwhile.
 */
export async function openRun(
  config: Config,
  options: TrainOptions & { readonly print: (line: string) => void; readonly together: Together },
): Promise<Run> {
  const { folder, together } = options;
  const { leads, share, asked: signal } = together;
  // What concerns the run the leader says; what concerns this process's own files it says itself.
  const print = leads ? options.print : () => undefined;
  const advice = adviceFor(options.advice);
  assertShareable(config, share.count);
  const owned = await openFolder(folder, { resume: options.resume ?? false, together, print, advice });
  const { resume, checkpoint } = owned;
  let batches: TrainingBatches | undefined;
  let stepper: Stepper | undefined;
  const close = async (undo: boolean): Promise<void> => {
    await batches?.close();
    stepper?.dispose();
    await owned.leave({ undo });
  };
  const stage = async <T>(work: Promise<T>): Promise<T> => untilAborted(work, signal);
  try {
    const source = await stage(trainingSource(config, { ...options, print }));
    const { data, network, backboneName, images, settings } = source;
    await stage(tellFindings(data, images, print));
    if (leads && checkpoint === undefined) await stage(checkMasksFirst(config, images, signal));
    const list = validationList(await stage(data.list(data.lists.val)), print);
    const ran = rememberedConfig(config, backboneName);
    const info = {
      ...{ backbone: network.backbone.name, classes: data.classes, config: ran },
      images: listDigest(images),
      ownParts: ownParts(config, options),
      ...(source.enrichment && { enrichment: enrichmentFacts(source.enrichment) }),
      ...(share.count > 1 && { processes: share.count }),
    };
    if (resume) {
      const last = checkpoint === undefined ? { iteration: 0 } : await readCheckpointInfo(checkpoint);
      const before = {
        ...last,
        config: 'config' in last ? last.config : await readRunConfig(folder, options.advice),
      };
      for (const line of runChanges({ folder, advice }, before, info)) print(line);
      if (leads) await writeRunConfig(folder, ran, before);
      if (checkpoint === undefined) print(`${folder}: no checkpoint yet, the run starts from its beginning.`);
    } else if (leads) await writeRunConfig(folder, ran);

    const started = await stage(trainingStart(config, source, { checkpoint, print, together }));
    const { iteration: start, state, step, compiled } = started;
    await agreeOnBeginning(together, { config, images: info.images, ownParts: info.ownParts, state });
    const total = Math.min(config.run.stopAfter ?? Infinity, config.optimizer.iterations);
    if (leads && start < total) await putReportAside(folder, start);
    const last = checkpoint === undefined ? undefined : await readCheckpointInfo(checkpoint);
    const change = last && engineChange(last, started.engine);
    if (change !== undefined) print(change);
    const validates = list !== undefined;
    const window = last?.window;
    const records = leads
      ? await openRecords(folder, { config, start, total, window, validates, print })
      : silentRecords;
    const { lock } = owned;
    const saver = createSaver({
      folder,
      lock,
      together,
      network,
      info: { ...info, engine: started.engine },
      records,
      start: { checkpoint, iteration: start },
    });
    const validator = createValidator({
      ...{ ...options, config, data, list, network, records, total, print, advice },
      targetForward: started.targetForward,
      compiled: compiled !== undefined,
    });

    let first: BatchFeed | undefined;
    if (start < total || (await validator.isDue(start))) {
      // Figures that are left to do need a batch too: compiling takes one as an example.
      batches = batchesOf(config, source, {
        startIteration: start,
        endIteration: Math.max(total, start + 1),
        share,
        print: options.print,
      });
      first = (await stage(batches.next())).value;
      print(
        `Training ${network.backbone.name} on ${data.name}: ${counted(images.length, 'image')}, ${counted(data.classes.length, 'class', 'classes')}, iterations ${start}–${total}, batches of ${config.batchSize}${share.count > 1 ? ` over ${share.count} processes` : ''}, ${compiled ? `compiled (${config.engine.precision})` : 'eager'}.`,
      );
      for (const line of scheduleWarnings(config)) print(line);
      const phase = phaseAt(settings.phases, start);
      const feed = withStop(first!, together);
      stepper = compiled
        ? sharedStepper(await compiledStepper({ step, state, feed, phase }, compiled), together)
        : eagerStepper({ step, state });
    } else print(nothingLeft(config, { start, total, advice }));
    return {
      ...{ start, total, phases: settings.phases, stepper, saver, validator, records },
      feeds: feedsOf(batches, { first, count: total - start, signal: together.stop }),
      ids: () => batches?.ids() ?? [],
      assertReadable: () =>
        assertReadableTogether(together, batches?.unreadable() ?? [], {
          length: images.length,
          images: config.data.maxUnreadable,
          share: config.data.maxUnreadableShare,
        }),
      close: () => close(false),
    };
  } catch (error) {
    // What is interrupted after its configuration was written can be resumed.
    await close(leads && !resume && !(signal?.aborted && existsSync(runFiles(folder).config)));
    throw error;
  }
}

/** Looks at all masks that are trained on, before hours go into a run; batches do so again. */
async function checkMasksFirst(
  { data }: Config,
  images: SampleList,
  signal: AbortSignal | undefined,
): Promise<void> {
  const progress = createProgress('check masks');
  try {
    await requireTrainingMasks(images, {
      workers: loaderThreads(data).workers,
      onProgress: (status) => progress.update(status),
      signal,
    });
  } finally {
    progress.stop();
  }
}

/** The batches of a run, the first of which is there already. */
async function* feedsOf(
  batches: TrainingBatches | undefined,
  {
    first,
    count,
    signal,
  }: {
    readonly first: BatchFeed | undefined;
    readonly count: number;
    readonly signal: AbortSignal | undefined;
  },
): AsyncGenerator<BatchFeed> {
  // Whoever waits for a batch when the run is interrupted, waits no longer.
  signal?.addEventListener('abort', () => void batches?.close(), { once: true });
  let feed = first;
  for (let done = 0; feed !== undefined && done < count && !signal?.aborted; done++) {
    yield feed;
    // The step has taken its copy, and ended.
    batches!.giveBack(feed);
    if (done + 1 < count && !signal?.aborted) feed = (await batches!.next()).value;
  }
}

/** A configuration as its run remembers it: with the backbone that its network is made of, wherever it is read from. */
function rememberedConfig(config: Config, name: string): Config {
  const whole = ({ module }: { module?: string | undefined }) =>
    module === undefined ? {} : { module: resolve(module) };
  return {
    ...config,
    backbone: { ...config.backbone, name, ...whole(config.backbone) },
    network: { ...config.network, ...whole(config.network) },
  };
}

function nothingLeft(
  { run }: Config,
  { start, total, advice }: { start: number; total: number; advice: Advice },
): string {
  const key = run.stopAfter === total ? 'run.stopAfter' : 'optimizer.iterations';
  return `Nothing left to do: the run has ${counted(start, 'iteration')} and ${key} is ${total}; train on with ${advice.set(key, '<more>')}.`;
}
