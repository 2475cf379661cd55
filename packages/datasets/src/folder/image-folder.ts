import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { examples, type Finding } from '../dataset/finding.js';
import { checkClasses, sampleList, type Dataset, type Sample } from '../dataset/dataset.js';
import { meaningOfName } from '../annotations/annotated-image.js';
import type { NamedLabels } from '../annotations/csv-labels.js';
import { readLabelColors } from '../annotations/label-colors.js';
import { labelsOfNames } from '../annotations/label-table.js';
import { filledLines, readTextFile } from '../annotations/text-file.js';
import { ignoredLabel } from '../image/decode-mask.js';
import type { EncodedMask } from '../image/encoded-mask.js';
import { randomPurpose, randomStream } from '../random/random.js';
import { namedAnnotationFiles } from './annotation-files.js';
import { folderFindings, kindsOf, nearlyNamed, samePlace } from './folder-findings.js';
import { defaultLabelSource, folderLabels } from './folder-labels.js';
import { imageFiles, imageId, type FoundImages } from './image-files.js';
import { overlooked } from './overlooked.js';
import { listedParts, splitFolders, type SplitFolders } from './split-folders.js';
import { drawnMask, sourceOf, toolLabels } from './tool-labels.js';
import { counted, UserError } from '@toco/files';

/** Options of {@link imageFolder}. */
export interface ImageFolderOptions {
  /**
   * Where labels come from: the path of a `.csv`, `.json` or `.npy` file; an annotation tool (`'coco'`, `'cvat'`, `'labelme'`,
   * `'yolo'`, `'labelmap'`) or one of its files; `'xml'` (annotations of VOC's form); `'folders'` (one sub-folder per class). By
   * default `labels.csv`, `labels.json` or `cls_labels_onehot.npy` in the folder, else a tool's annotations, else its `Annotations`,
   * else its sub-folders.
   */
  readonly labels?: string | undefined;
  /** Foreground classes in the order of their labels; by default `classes.txt`, else the tool's order, else the names in the labels, sorted. */
  readonly classes?: readonly string[] | undefined;
  /** Folder of the photographs; by default `images` or `JPEGImages` within `root`, else `root` itself. */
  readonly images?: string | undefined;
  /** Folder of masks, `ID.png`; by default `masks` or `SegmentationClass` within `root`. Where there is `labelmap.txt`, they are read by its colors. */
  readonly masks?: string | undefined;
  /** Share of the images for validation where the folder has no `train.txt` and `val.txt`. */
  readonly valFraction?: number | undefined;
  /** Decides which images those are. */
  readonly seed?: number | undefined;
}

/**
 * A folder of one's own: photographs (JPEG, PNG, WebP), labels in one of four forms, and masks if there are some. An image is
 * known by its path without extension. Lists are `NAME.txt` in the folder, an id on each line; without `train.txt` and `val.txt`
 * images are parted at random, the same for the same seed; where the sub-folders are `train` and `val`, with one folder per class
 * in each, they are the lists. Images without labels are left out.
 *
 * @throws One line for a folder or label file that can't be read, or classes that are none; from `list()` for a missing list or
 * image.
 *
 * @example
 * const data = await imageFolder('flowers', { labels: 'flowers/labels.csv', valFraction: 0.2 });
 * console.log(data.classes, (await data.list('train')).length);
 */
export async function imageFolder(root: string, options: ImageFolderOptions = {}): Promise<Dataset> {
  const { valFraction = 0.1, seed = 0 } = options;
  if (!(valFraction > 0 && valFraction < 1))
    throw new UserError(`valFraction ${valFraction} is not between 0 and 1`);
  const imageRoot = options.images ?? firstFolder(root, ['images', 'JPEGImages']) ?? root;
  const maskRoot = options.masks ?? firstFolder(root, ['masks', 'SegmentationClass']);
  const colorMap = join(root, 'labelmap.txt');
  const colors = maskRoot !== undefined && existsSync(colorMap) ? await readLabelColors(colorMap) : undefined;
  // CVAT puts pictures of single objects beside the masks.
  const leaveOut = [...(maskRoot === undefined ? [] : [maskRoot]), join(root, 'SegmentationObject')];
  const photographs = await imageFiles(imageRoot, { leaveOut });
  const maskFiles = maskRoot === undefined ? undefined : await imageFiles(maskRoot);
  const { images } = photographs;
  const masks = maskFiles?.images ?? new Map<string, string>();
  const given = options.classes ?? (await classesInFile(root));
  const { labels: named } = options;
  const meant = named === undefined ? defaultLabelSource(root) : (namedAnnotationFiles(named, root) ?? named);
  const tool =
    typeof meant === 'string' ? undefined : await toolLabels(meant, { root, imageRoot, images, masks });
  const source = typeof meant === 'string' ? meant : sourceOf(meant);
  const split =
    source === 'folders' ? partsOf(root, photographs) : (tool?.split ?? listedParts(images.keys()));
  const level = source === 'folders' && split ? 1 : 0;
  const labels: NamedLabels = tool ?? (await folderLabels(source, { root, images, classes: given, level }));
  const found = labels.classes ?? [...new Set([...labels.names.values()].flat())].sort();
  if (given === undefined && found.length === 0)
    throw new UserError(`${source}: names no class; write the classes that each image shows`);
  const classes = checkClasses(root, given ?? found);
  const labelOf = (name: string, where = source): number => {
    const index = classes.indexOf(name);
    if (index < 0) throw new UserError(`${where}: "${name}" is none of the classes ${examples(classes, 10)}`);
    return index + 1;
  };
  const palette = colors?.map(({ name, color }) => {
    const meaning = meaningOfName(name);
    const label =
      meaning === 'ignored' ? ignoredLabel : meaning === 'background' ? 0 : labelOf(name, colorMap);
    return { color, label };
  });
  function maskOf(id: string): EncodedMask | undefined {
    const path = masks.get(id);
    if (path !== undefined) return palette === undefined ? { path } : { path, colors: palette };
    const outlines = tool?.outlines.get(id);
    return outlines && drawnMask(outlines, labelOf);
  }
  const known = (ids: readonly string[]): string[] => ids.filter((id) => labels.names.has(id));
  const unused = known(split?.test ?? []);
  const left = new Set(unused);
  const ids = [...labels.names.keys()].filter((id) => !left.has(id)).sort();

  function sample(id: string, list: string): Sample {
    const [image, mask, names] = [images.get(id), maskOf(id), labels.names.get(id)];
    if (image === undefined)
      throw new UserError(
        `${join(imageRoot, id)}: there is no such image, which the ${list} name${nearlyNamed(id, images.keys()) || samePlace(id, images.keys())}`,
      );
    if (names === undefined)
      throw new UserError(
        `${source}: no labels for ${id}, which the ${list} name${nearlyNamed(id, labels.names.keys())}`,
      );
    return {
      id,
      image: { path: image },
      labels: labelsOfNames(names, classes, `${source}, ${id}`),
      ...(mask !== undefined && { mask }),
    };
  }
  return {
    name: 'folder',
    classes,
    lists: { train: 'train', val: 'val' },
    findings: [
      ...(tool?.findings ?? []),
      ...(tool === undefined && colors !== undefined ? [byColors(colorMap)] : []),
      ...folderFindings({
        ...{ imageRoot, photographs, maskRoot, masks: maskFiles, source, test: unused },
        labeled: labels.names,
      }),
      ...overlooked({ root, imageRoot, photographs, maskRoot, source, level }),
    ],
    async list(name) {
      const listed = await idsInFile(join(root, `${name}.txt`));
      if (listed !== undefined)
        return sampleList(
          name,
          classes,
          listed.map((id) => sample(id, `lists`)),
        );
      if (name !== 'train' && name !== 'val')
        throw new UserError(`${join(root, `${name}.txt`)}: the list does not exist`);
      const other = join(root, name === 'train' ? 'val.txt' : 'train.txt');
      if (existsSync(other))
        throw new UserError(
          `${join(root, `${name}.txt`)}: the list does not exist, though ${other} does; write it, or name another list by data.${name} (toco check: --list)`,
        );
      const part =
        split?.train.length && split.val.length
          ? // Labels of images that are not there belong to neither part, and are told.
            [...known(split[name]), ...(name === 'train' ? ids.filter((id) => !images.has(id)) : [])]
          : parted(ids, { valFraction, seed, root })[name];
      return sampleList(
        name,
        classes,
        part.map((id) => sample(id, 'labels')),
      );
    },
  };
}

function byColors(path: string): Finding {
  return { kind: 'note', message: `masks are read by the colors of ${path}` };
}

/** Parts of the data set where the sub-folders are such, and not classes. */
function partsOf(root: string, { images, passedOver }: FoundImages): SplitFolders | undefined {
  if (images.size === 0)
    throw new UserError(
      `${root}: there are no images (.jpg, .jpeg, .png, .webp) in it; check the path${kindsOf(passedOver)}`,
    );
  return splitFolders(root, images.keys());
}

/** Ids parted at random, both parts in the order of the ids, none empty. */
function parted(
  ids: readonly string[],
  { valFraction, seed, root }: { valFraction: number; seed: number; root: string },
): { train: string[]; val: string[] } {
  if (ids.length < 2)
    throw new UserError(
      `${root}: ${counted(ids.length, 'image')} with labels; there must be two at least, to train on one`,
    );
  const count = Math.min(ids.length - 1, Math.max(1, Math.round(ids.length * valFraction)));
  const chosen = new Set(randomStream(randomPurpose.split, seed).permutation(ids.length).subarray(0, count));
  return { train: ids.filter((_, i) => !chosen.has(i)), val: ids.filter((_, i) => chosen.has(i)) };
}

function firstFolder(root: string, names: readonly string[]): string | undefined {
  return names.map((name) => join(root, name)).find((path) => existsSync(path));
}

async function classesInFile(root: string): Promise<string[] | undefined> {
  return linesOf(join(root, 'classes.txt'));
}

async function idsInFile(path: string): Promise<string[] | undefined> {
  const ids = (await linesOf(path))?.map(imageId);
  if (ids === undefined) return undefined;
  if (ids.length === 0) throw new UserError(`${path}: the list is empty`);
  const seen = new Set<string>();
  const twice = ids.find((id) => seen.size === seen.add(id).size);
  if (twice !== undefined) throw new UserError(`${path}: ${twice} is listed twice`);
  return ids;
}

/** Lines with something on them; undefined where there is no file. */
async function linesOf(path: string): Promise<string[] | undefined> {
  if (!existsSync(path)) return undefined;
  return filledLines(await readTextFile(path));
}
