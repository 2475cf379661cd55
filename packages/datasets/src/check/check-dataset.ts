import type { Dataset, Sample, SampleList } from '../dataset/dataset.js';
import { ignoredLabel } from '../image/decode-mask.js';
import { assertNotAborted, counted, type OnPreparationProgress } from '@toco/files';
import { workWindow } from '../prepare/work-window.js';
import { taskPool } from '../threads/task-pool.js';
import { type TrainingMaskSelection, withTrainingMasks } from '../masks/training-masks.js';
import { checkTrainingMasks } from './check-training-masks.js';
import { checkLists } from './check-lists.js';
import { type CheckedSample, checkWork, type Problem } from './check-sample.js';
import type { Finding } from '../dataset/finding.js';
import { problemGroups, type ProblemGroup } from './problem-groups.js';

/** Options of {@link checkDataset}. */
export interface CheckOptions {
  /** Names of the lists; those for training and validation by default. */
  readonly lists?: readonly string[] | undefined;
  /** Masks that training is to look at: those of the training list that it names are checked as well. */
  readonly trainingMasks?: TrainingMaskSelection | undefined;
  /** Problems of each kind that are kept; all are counted. */
  readonly most?: number | undefined;
  /** Threads that decode; 0 does so in the calling thread. */
  readonly workers?: number | undefined;
  readonly onProgress?: OnPreparationProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How often a class comes, over all lists. */
export interface ClassFrequency {
  readonly name: string;
  /** Images whose labels name it. */
  readonly labeled: number;
  /** Images whose mask shows it. */
  readonly shown: number;
  /** Share of all pixels of the masks that are not ignored, 0 … 1. */
  readonly pixelShare: number;
}

/** What {@link checkDataset} found. */
export interface CheckReport {
  readonly dataset: string;
  readonly lists: readonly { readonly name: string; readonly images: number; readonly masks: number }[];
  readonly classes: readonly ClassFrequency[];
  /** Share of the masks' pixels without a class (background) and of those that are ignored. */
  readonly backgroundShare: number;
  readonly ignoredShare: number;
  /** Files that are missing, damaged, of the wrong size, with values out of range, or with labels that are not their mask's. */
  readonly errors: number;
  /** Single classes that labels and mask of an image do not agree on; the owners' own data have some. */
  readonly disagreements: number;
  /** The first of them, errors before disagreements, in the order of the lists. */
  readonly problems: readonly Problem[];
  /** All of them by kind, each with its first image. */
  readonly groups: readonly ProblemGroup[];
  /** What stands out in the data set as a whole, notes first, then errors; `errors` counts those among them. */
  readonly findings: readonly Finding[];
}

/**
 * Decodes every image and mask of a data set, compares sizes, values and labels, and counts classes.
 *
 * @returns What was found; problems do not throw.
 *
 * @example
 * const { errors, problems } = await checkDataset(voc('VOCdevkit/VOC2012'), { workers: 4 });
 * for (const { id, message } of problems) console.log(id, message);
 */
export async function checkDataset(dataset: Dataset, options: CheckOptions = {}): Promise<CheckReport> {
  const { most = 20, workers = 1, onProgress, signal, trainingMasks } = options;
  const { lists: names = [...new Set([dataset.lists.train, dataset.lists.val])] } = options;
  const { classes } = dataset;
  const tally = createTally(classes, most);
  const pool = taskPool(checkWork, workers);
  const opened = new Map<string, SampleList>();
  const lists: { name: string; images: number; masks: number }[] = [];
  try {
    for (const name of names) {
      const list = await dataset.list(name).catch((error: unknown) => {
        tally.problem({ kind: 'error', list: name, id: '', message: (error as Error).message });
        return undefined;
      });
      if (list === undefined) continue;
      const checked = await checkList(list);
      checked.forEach((result, i) => tally.add(result, list.sample(i)));
      opened.set(name, list);
      lists.push({ name, images: list.length, masks: checked.filter(({ pixels }) => pixels).length });
    }
  } finally {
    await pool.close();
  }
  const { train, val } = dataset.lists;
  if (trainingMasks !== undefined) {
    try {
      const list = opened.get(train) ?? (await dataset.list(train));
      const masked = await withTrainingMasks(list, dataset, trainingMasks);
      // The data set's own masks of a list that was checked are told already.
      const told = opened.has(train) && trainingMasks.trainMaskFolder === undefined;
      if (!told) for (const problem of await checkTrainingMasks(masked, options)) tally.problem(problem);
    } catch (error) {
      assertNotAborted(signal);
      tally.problem({ kind: 'error', list: train, id: '', message: (error as Error).message });
    }
  }
  const found = [
    ...(dataset.findings ?? []),
    ...checkLists(classes, { train: opened.get(train), val: train === val ? undefined : opened.get(val) }),
    ...tally.findings(),
  ];
  const findings = (['note', 'error', 'warning'] as const).flatMap((kind) =>
    found.filter((finding) => finding.kind === kind),
  );
  const report = tally.report();
  const errors = report.errors + found.filter(({ kind }) => kind === 'error').length;
  return { dataset: dataset.name, lists, ...report, errors, findings };

  async function checkList(list: SampleList): Promise<CheckedSample[]> {
    const results = Array<CheckedSample>(list.length);
    const window = workWindow(4 * Math.max(1, workers));
    let done = 0;
    try {
      for (let i = 0; i < list.length; i++) {
        assertNotAborted(signal);
        await window.add(async () => {
          results[i] = await pool.run({ list: list.name, sample: list.sample(i), classes });
          onProgress?.({ stage: `checking ${list.name}`, done: ++done, total: list.length, unit: 'files' });
        });
      }
    } finally {
      await window.finish();
    }
    return results;
  }
}

/** Counts what the images of all lists show. */
function createTally(
  classes: readonly string[],
  most: number,
): {
  add(result: CheckedSample, sample: Sample): void;
  problem(problem: Problem): void;
  findings(): Finding[];
  report(): Omit<CheckReport, 'dataset' | 'lists' | 'findings'>;
} {
  const total = new Float64Array(256);
  const shown = new Float64Array(256);
  const labeled = new Float64Array(classes.length);
  const counts = { error: 0, disagreement: 0 };
  const groups = problemGroups();
  const binary = { masks: 0, shown: 0 };
  const turned: { id: string; orientation: number }[] = [];
  const kept: Record<Problem['kind'], Problem[]> = { error: [], disagreement: [] };
  function problem(found: Problem): void {
    groups.add(found);
    if (counts[found.kind]++ < most) kept[found.kind].push(found);
  }
  return {
    problem,
    add({ problems, pixels, orientation }, { id, labels }) {
      problems.forEach(problem);
      if (orientation !== undefined) turned.push({ id, orientation });
      if (pixels) {
        binary.masks++;
        if (pixels.some((count, label) => count > 0 && label !== 0 && label !== ignoredLabel)) binary.shown++;
      }
      labels.forEach((value, i) => (labeled[i]! += value));
      pixels?.forEach((count, label) => {
        total[label]! += count;
        if (count > 0) shown[label]!++;
      });
    },
    findings() {
      const found: Finding[] = [];
      if (binary.masks > 0 && binary.shown === 0) {
        const white = total[ignoredLabel]! > 0;
        found.push({
          kind: white ? 'error' : 'warning',
          message: white
            ? `all ${counted(binary.masks, 'mask')} hold only 0 and 255, and 255 means "ignored", so no mask shows a class; number the classes 1 … ${classes.length}: where white is ${classes.length === 1 ? classes[0]! : 'a class'}, replace 255 by ${classes.length === 1 ? 1 : 'its number'}`
            : `all ${counted(binary.masks, 'mask')} are empty (0, background): no mask shows a class; number the classes 1 … ${classes.length}`,
        });
      }
      if (turned.length > 0) {
        const [{ id, orientation }] = turned as [{ id: string; orientation: number }];
        found.push({
          kind: 'warning',
          message: `${counted(turned.length, 'photograph')} ${turned.length === 1 ? 'has' : 'have'} an orientation tag (EXIF; ${id}: ${orientation}), which toco ignores: they are used as stored, turned or mirrored against what viewers and drawing programs show, and so must their masks be; turn the pixels and drop the tag (e.g. mogrify -auto-orient)`,
        });
      }
      return found;
    },
    report() {
      const all = total.reduce((sum, count) => sum + count, 0);
      const counted = Math.max(1, all - total[ignoredLabel]!);
      return {
        classes: classes.map((name, i) => ({
          name,
          labeled: labeled[i]!,
          shown: shown[i + 1]!,
          pixelShare: total[i + 1]! / counted,
        })),
        backgroundShare: total[0]! / counted,
        ignoredShare: total[ignoredLabel]! / Math.max(1, all),
        errors: counts.error,
        disagreements: counts.disagreement,
        problems: [...kept.error, ...kept.disagreement],
        groups: groups.all(),
      };
    },
  };
}
