import { join, relative, resolve } from 'node:path';
import {
  encodeCams,
  ignoredLabel,
  type ListedPhotograph,
  photographLoader,
  type Sample,
  type SampleList,
} from '@toco/datasets';
import { createProgress, placeFile } from '@toco/files';
import { encodeLabelPng } from '@toco/formats';
import {
  crfMemory,
  type CrfPreset,
  type FurtherMemory,
  parMemory,
  type Planes,
  type Protocol,
  pseudoLabels,
  type Refine,
  refineByCrf,
  refineByPar,
  type Segmented,
  segmentationCams,
  type SizeAndLabels,
} from '@toco/segmenter';
import type { Config } from '@toco/trainer';
import { annotationKinds, maskPath } from '../annotations/annotation-files.js';
import { type Journal, type JournalRow, kindOfFile, openJournal, withFiles } from '../journal/journal.js';
import { finishingPool, type FinishingPool } from '../segmenting/finishing-pool.js';
import { inOrder } from '../segmenting/in-order.js';
import type { OpenModel } from '../segmenting/open-model.js';
import { segmenterOf } from '../segmenting/segmenter-of.js';
import type { Hashes } from '../shards/hashes.js';
import { sizeStamps } from '../shards/list-hash.js';
import { placesOf, type Shard } from '../shards/shard.js';
import { camProjects, type LabelKind, type LabelSource } from './label-kinds.js';
import { madeOfLabels } from './made-of-labels.js';

/** How maps become pseudo labels. */
export interface LabelRecipe {
  readonly from: LabelSource;
  /** By PAR with the options given, by a CRF, or not at all. */
  readonly refine: { readonly par: Config['par'] } | { readonly crf: CrfPreset } | 'none';
  /** At most this is background, above `high` is the class; between them 255. */
  readonly low: number;
  readonly high: number;
}

/** What is labeled, and where it goes. */
export interface LabelTask {
  readonly model: OpenModel;
  readonly list: SampleList;
  readonly protocol: Protocol;
  readonly recipe: LabelRecipe;
  readonly kinds: readonly LabelKind[];
  readonly out: string;
  readonly shard: Shard;
  readonly hashes: Hashes;
  /** Folder that paths of photographs count from. */
  readonly root: string | undefined;
}

/** How much of the machine it may take, and who is told. */
export interface LabelMeans {
  readonly again: boolean;
  readonly workers: number;
  /** Threads that finish images beside the network's passes. */
  readonly finishThreads: number;
  readonly memory: number;
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;
}

/** An image that is labeled, or `skipped` for a reason. */
export interface LabelRow extends JournalRow {
  readonly id: string;
  /** Path of the photograph from the data set's folder on. */
  readonly image: string;
  /** Bytes of the photograph: another one of that name is labeled anew. */
  readonly stamp?: number | undefined;
  readonly width: number;
  readonly height: number;
  /** Pixels without a label. */
  readonly ignored: number;
  readonly skipped?: string | undefined;
  /** Why a kind of file could not be made now although the mask is there; the journal doesn't have it. */
  readonly lacking?: string | undefined;
}

/** The journal of a part, with rows for all its images once it is whole. */
export interface LabeledPart {
  readonly journal: Journal;
  readonly rows: readonly LabelRow[];
  readonly images: number;
}

/** Name of the file that says what of a part is there. */
export function labelJournal({ index, count }: Shard): string {
  return `label-${index}-of-${count}.jsonl`;
}

/** Writes the pseudo labels of a part, or those that are not there yet. */
export async function labelPart(task: LabelTask, means: LabelMeans): Promise<LabeledPart> {
  const { model, list, protocol, recipe, kinds, out, shard, hashes, root } = task;
  const { again, print, signal } = means;
  const places = placesOf(shard, list.length);
  // What the network is needed for; the rest is made of the masks.
  const asked = [masks, ...camProjects.filter((kind) => kinds.includes(kind))];
  const head = {
    ...{ command: 'label', shard, hashes, images: places.length },
    kinds: [...asked, ...annotationKinds.filter((kind) => kinds.includes(kind))],
    about: aboutOf(list, root),
  };
  const stamps = await sizeStamps(list, places, { signal });
  const isKept = (row: JournalRow): boolean => {
    const { index, stamp, skipped: reason } = row as LabelRow;
    return !again && reason === undefined && stamp === stamps.get(index);
  };
  const ofOthers = new Set(idsBeside(list, shard));
  const isLeft = (row: JournalRow): boolean => ofOthers.has((row as LabelRow).id);
  const journal = await openJournal(join(out, labelJournal(shard)), head, {
    ...{ again, isKept, isLeft, madeOf: madeOfLabels, print },
  });
  const rowOf = (place: number): LabelRow | undefined => journal.done.get(place) as LabelRow | undefined;
  const missingOf = (place: number): string[] => {
    const kindsThere = rowOf(place)?.kinds ?? [];
    return asked.filter((kind) => !kindsThere.includes(kind));
  };
  const left = places.filter((place) => missingOf(place).length > 0);
  if (left.length < places.length)
    print(`${places.length - left.length} of ${places.length} images are there already.`);
  const progress = createProgress('label');
  let done = places.length - left.length;
  const tell = (): void => progress.update({ done: ++done, total: places.length });
  const refines = 'crf' in Object(recipe.refine);
  const pool = finishingPool({
    ...{ threads: means.finishThreads, images: left.length },
    ...{ refines: refines || protocol.crf !== undefined, print },
  });
  const map = recipe.from === 'segmentation' ? 'probabilities' : recipe.from === 'aux' ? 'camAux' : 'cam';
  const through = segmenterOf(model, {
    // One image a pass, and all classes in a CRF: neither its neighbors nor free memory may matter, or parts would differ from the whole.
    ...{ protocol: { ...protocol, mayLeaveOut: false }, outputs: [map], batchSize: 1 },
    ...pool.segmenting,
    // Of those that a CRF refines afterwards, the ones under way count there.
    ...(refines && { finishedAtOnce: 1 }),
    ...{ memory: means.memory, further: (image) => refinementMemory(image, recipe) },
  });
  const lacking = new Map<number, string>();
  const skip = async (index: number, message: string): Promise<void> => {
    if (rowOf(index)?.kinds.includes(masks) === true) {
      lacking.set(index, message);
      tell();
      return;
    }
    const row = {
      ...namesOf(list.sample(index), root),
      ...{ index, files: [], kinds: [], width: 0, height: 0, ignored: 0 },
    };
    await journal.add({ ...row, skipped: message });
    tell();
  };
  const problems: { readonly index: number; readonly message: string }[] = [];
  const skipThem = async (): Promise<void> => {
    for (const { index, message } of problems.splice(0)) await skip(index, message);
  };
  async function* readable(): AsyncGenerator<ListedPhotograph> {
    const loader = photographLoader(list, {
      ...{ indices: left, workers: means.workers },
      onUnreadable: (problem) => void problems.push(problem),
    });
    for await (const photograph of loader) {
      await skipThem();
      yield photograph;
    }
  }
  const onRefused = ({ index }: ListedPhotograph, message: string): void =>
    void problems.push({ index, message });
  const refine = refinement(recipe, pool);
  type Result = Segmented<ListedPhotograph, typeof map>;
  interface Labeled {
    readonly result: Result;
    readonly cams: Planes;
    /** Undefined where the mask is there already. */
    readonly labels: Uint8Array | undefined;
  }
  const labeled = async (result: Result): Promise<Labeled> => {
    const { image, classes } = result;
    // eslint-disable-next-line no-restricted-syntax -- of the generic result the field that was asked for
    const found = result as unknown as Readonly<Record<typeof map, Planes>>;
    const cams = map === 'probabilities' ? segmentationCams(found[map], classes) : found[map];
    if (!missingOf(image.index).includes(masks)) return { result, cams, labels: undefined };
    const labels =
      classes.length === 0
        ? new Uint8Array(image.width * image.height)
        : await pseudoLabels(cams, { image, classes }, { ...recipe, refine, ignoreIndex: ignoredLabel });
    return { result, cams, labels };
  };
  try {
    const results = through.segment(readable(), { signal, onRefused }) as AsyncGenerator<Result>;
    const underWay = {
      atOnce: refines ? pool.atOnce : 1,
      sizeOf: ({ image }: Result) => through.estimate(image).bytes,
      // The other half is for the next image's passes.
      most: means.memory / 2,
    };
    for await (const { result, cams, labels } of inOrder(results, underWay, labeled)) {
      const { image, classes } = result;
      const { index, id, width, height } = image;
      const written: { readonly path: string; readonly bytes: Uint8Array }[] = [];
      if (labels !== undefined)
        written.push({ path: maskPath(id), bytes: encodeLabelPng({ width, height, data: labels }) });
      for (const project of camProjects.filter((kind) => missingOf(index).includes(kind)))
        written.push({
          path: `${project}/${id}.npy`,
          bytes: encodeCams({ width, height, classes, data: cams.data }, project),
        });
      for (const { path, bytes } of written) await placeFile(join(out, path), bytes);
      const before = rowOf(index);
      const blank: LabelRow = {
        ...{ index, files: [], kinds: [], ...namesOf(list.sample(index), root) },
        ...{ stamp: stamps.get(index), width, height, ignored: 0 },
      };
      const ignored = labels?.reduce((sum, label) => sum + (label === ignoredLabel ? 1 : 0), 0);
      const paths = written.map(({ path }) => path);
      const row = {
        ...withFiles(labels === undefined ? before! : withoutAnnotations(before ?? blank), paths),
        ...(ignored !== undefined && { ignored }),
      };
      await journal.add(row);
      tell();
    }
    await skipThem();
  } finally {
    progress.stop();
    through.dispose();
    await pool.close();
  }
  // Of a call that was interrupted some images may lack a kind.
  const rows = places
    .flatMap((place) => rowOf(place) ?? [])
    .map((row): LabelRow => ({ ...row, lacking: lacking.get(row.index) }))
    .filter((row) => (row.skipped ?? row.lacking) !== undefined || missingOf(row.index).length === 0);
  return { journal, rows, images: places.length };
}

/** The kind of the masks; those of CAMs are the projects that they are for. */
const masks = 'masks';

/** What the first row of a journal says besides. */
function aboutOf(list: SampleList, root: string | undefined): Readonly<Record<string, unknown>> {
  const { classes, name } = list;
  return { classes, list: name, ...(root !== undefined && { root: resolve(root) }) };
}

/** Images of the other parts. */
function idsBeside(list: SampleList, { index, count }: Shard): string[] {
  if (count === 1) return [];
  const places = Array.from({ length: list.length }, (_, place) => place);
  return places.filter((place) => place % count !== index).map((place) => list.sample(place).id);
}

/** A row whose mask is made anew: what was made of the one before is of another. */
function withoutAnnotations(row: LabelRow): LabelRow {
  const known: readonly string[] = annotationKinds;
  return {
    ...row,
    files: row.files.filter((file) => !known.includes(kindOfFile(file))),
    kinds: row.kinds.filter((kind) => !known.includes(kind)),
  };
}

function namesOf({ id, image }: Sample, root: string | undefined): { id: string; image: string } {
  if (!('path' in image)) return { id, image: `${id}.svg` };
  return { id, image: root === undefined ? image.path : relative(root, image.path).replaceAll('\\', '/') };
}

/** What making labels of an image's maps takes: two refinements, one after the other. */
function refinementMemory(image: SizeAndLabels, { refine }: LabelRecipe): FurtherMemory {
  const channels = 1 + Array.from(image.labels ?? []).filter((label) => label > 0).length;
  // Probabilities and what became of them, or arrays for other projects, beside the maps.
  const plain = 16 * channels * image.height * image.width;
  if (refine === 'none') return { bytes: plain, remedy: 'choose a smaller image' };
  const [how, memory] =
    'par' in refine ? ['par', parMemory(image, channels)] : [refine.crf.name, crfMemory(image, channels)];
  return {
    bytes: plain + memory,
    remedy: `choose a smaller image, or another way than --refine ${how}`,
  };
}

function refinement({ refine }: LabelRecipe, { crf }: FinishingPool): Refine | undefined {
  if (refine === 'none') return undefined;
  return 'par' in refine ? refineByPar(refine.par) : refineByCrf(crf, refine.crf);
}
