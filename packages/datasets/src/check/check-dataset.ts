import type { Dataset, SampleList } from '../dataset.js';
import { ignoredLabel } from '../image/decode-mask.js';
import { assertNotAborted, type OnPreparationProgress } from '../prepare/preparation-progress.js';
import { workWindow } from '../prepare/work-window.js';
import { taskPool } from '../threads/task-pool.js';
import { type CheckedSample, checkWork, type Problem } from './check-sample.js';

/** Options of {@link checkDataset}. */
export interface CheckOptions {
  /** Names of the lists; those for training and validation by default. */
  readonly lists?: readonly string[];
  /** Problems of each kind that are kept; all are counted. */
  readonly most?: number;
  /** Threads that decode; 0 does so in the calling thread. */
  readonly workers?: number;
  readonly onProgress?: OnPreparationProgress;
  readonly signal?: AbortSignal;
}

/** How often a class comes, over all lists. */
export interface ClassFrequency {
  readonly name: string;
  /** Images whose labels name it. */
  readonly labelled: number;
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
  const { most = 20, workers = 1, onProgress, signal } = options;
  const { lists: names = [...new Set([dataset.lists.train, dataset.lists.val])] } = options;
  const { classes } = dataset;
  const tally = createTally(classes, most);
  const pool = taskPool(checkWork, workers);
  const lists: { name: string; images: number; masks: number }[] = [];
  try {
    for (const name of names) {
      const list = await dataset.list(name).catch((error: unknown) => {
        tally.problem({ kind: 'error', list: name, id: '', message: (error as Error).message });
        return undefined;
      });
      if (list === undefined) continue;
      const checked = await checkList(list);
      checked.forEach((result, i) => tally.add(result, list.sample(i).labels));
      lists.push({ name, images: list.length, masks: checked.filter(({ pixels }) => pixels).length });
    }
  } finally {
    await pool.close();
  }
  return { dataset: dataset.name, lists, ...tally.report() };

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
  add(result: CheckedSample, labels: Uint8Array): void;
  problem(problem: Problem): void;
  report(): Omit<CheckReport, 'dataset' | 'lists'>;
} {
  const total = new Float64Array(256);
  const shown = new Float64Array(256);
  const labelled = new Float64Array(classes.length);
  const counts = { error: 0, disagreement: 0 };
  const kept: Record<Problem['kind'], Problem[]> = { error: [], disagreement: [] };
  function problem(found: Problem): void {
    if (counts[found.kind]++ < most) kept[found.kind].push(found);
  }
  return {
    problem,
    add({ problems, pixels }, labels) {
      problems.forEach(problem);
      labels.forEach((value, i) => (labelled[i]! += value));
      pixels?.forEach((count, label) => {
        total[label]! += count;
        if (count > 0) shown[label]!++;
      });
    },
    report() {
      const all = total.reduce((sum, count) => sum + count, 0);
      const counted = Math.max(1, all - total[ignoredLabel]!);
      return {
        classes: classes.map((name, i) => ({
          name,
          labelled: labelled[i]!,
          shown: shown[i + 1]!,
          pixelShare: total[i + 1]! / counted,
        })),
        backgroundShare: total[0]! / counted,
        ignoredShare: total[ignoredLabel]! / Math.max(1, all),
        errors: counts.error,
        disagreements: counts.disagreement,
        problems: [...kept.error, ...kept.disagreement],
      };
    },
  };
}
