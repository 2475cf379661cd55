import { existsSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import {
  type AnnotatedImage,
  type AnnotatedRegion,
  type Annotations,
  meaningOfName,
} from '../annotations/annotated-image.js';
import { readCocoAnnotations } from '../annotations/coco-annotations.js';
import { readCvatAnnotations } from '../annotations/cvat-annotations.js';
import { inParallel } from '../annotations/in-parallel.js';
import { readLabelColors } from '../annotations/label-colors.js';
import { readLabelMeFile } from '../annotations/labelme-annotations.js';
import { filledLines, readTextFile } from '../annotations/text-file.js';
import { readYoloDataset, readYoloLabels } from '../annotations/yolo-annotations.js';
import { examples, type Finding } from '../dataset/finding.js';
import { decodeColoredMask } from '../image/colored-mask.js';
import type { Region } from '../image/drawn-regions.js';
import type { DrawnMask } from '../image/encoded-mask.js';
import { readOrdinaryFile } from '../image/ordinary-file.js';
import { type AnnotationFiles, toolNames } from './annotation-files.js';
import { ImageNames } from './image-names.js';
import { partNamed, type SplitFolders } from './split-folders.js';
import { counted, UserError } from '@toco/files';

/** Files that are read at a time. */
const PARALLEL = 16;

/** What the images of a folder show, as an annotation tool says. */
export interface ToolLabels {
  /** In the tool's order. */
  readonly classes: readonly string[];
  /** Class names by image id. */
  readonly names: ReadonlyMap<string, readonly string[]>;
  /** By image id, where all that an image shows is outlined. */
  readonly outlines: ReadonlyMap<string, Outlines>;
  /** The parts of the data set, where the tool's files tell them apart. */
  readonly split: SplitFolders | undefined;
  readonly findings: readonly Finding[];
}

/** What a mask is drawn from. */
export type Outlines = Pick<AnnotatedImage, 'source' | 'size'> & {
  readonly regions: readonly AnnotatedRegion[];
};

/** The folder that the annotations belong to. */
export interface AnnotatedFolder {
  readonly root: string;
  readonly imageRoot: string;
  /** Paths of the photographs by id. */
  readonly images: ReadonlyMap<string, string>;
  /** Paths of the masks by id. */
  readonly masks: ReadonlyMap<string, string>;
}

/**
 * Reads the annotations of a tool, and finds the photographs that they are about.
 *
 * @throws One line that names the file that is wrong; also where it names none of the photographs that are there.
 */
export async function toolLabels(found: AnnotationFiles, folder: AnnotatedFolder): Promise<ToolLabels> {
  const { classes, images } = await readers[found.tool](found.files, folder);
  const source = sourceOf(found);
  const known = new ImageNames(folder.images.keys());
  const byId = new Map<string, AnnotatedImage[]>();
  const missing: string[] = [];
  for (const image of images) {
    const where = { where: image.source, near: foldersNear(image, folder) };
    // A photograph that was renamed is known by the name of the file about it.
    const renamed = found.tool === 'labelme' ? basename(image.source, '.json') : '';
    const id = known.find(image.name, where) ?? known.find(renamed, where);
    if (id === undefined) missing.push(image.name);
    else byId.set(id, [...(byId.get(id) ?? []), image]);
  }
  if (byId.size === 0)
    throw new UserError(
      `${source}: names ${counted(images.length, 'image')} (${examples(missing)}), and none of them is in ${folder.imageRoot}; put the photographs into ${join(folder.root, 'images')}`,
    );
  const outlines = new Map<string, Outlines>();
  const names = new Map<string, string[]>();
  const split = { train: [] as string[], val: [] as string[], test: [] as string[] };
  for (const [id, all] of byId) {
    const shown = all.flatMap((image) => image.names).filter((name) => meaningOfName(name) === 'class');
    names.set(id, [...new Set(shown)]);
    const [{ source: from, size }] = all as [AnnotatedImage];
    if (all.every(({ regions }) => regions !== undefined))
      outlines.set(id, {
        source: from,
        ...(size && { size }),
        regions: all.flatMap(({ regions }) => regions!),
      });
    const part = all.map((image) => partNamed(image.part ?? '')).find((name) => name !== undefined);
    if (part !== undefined) split[part].push(id);
  }
  const masked = found.tool === 'labelmap' ? byId.size : outlines.size;
  return {
    classes: classes.filter((name) => meaningOfName(name) === 'class'),
    names,
    outlines,
    split: split.train.length > 0 && split.val.length > 0 ? split : undefined,
    findings: [
      {
        kind: 'note',
        message: `labels are read from ${toolNames[found.tool]} (${source}): ${counted(byId.size, 'image')}, ${masked} with masks${masked < byId.size ? ' (boxes, points and tags are labels alone)' : ''}`,
      },
      ...missingImages(missing, { source, total: images.length, imageRoot: folder.imageRoot }),
      ...emptyImages(names, source),
    ],
  };
}

/** What messages call the files. */
export function sourceOf({ files }: AnnotationFiles): string {
  const [first = ''] = files;
  return files.length === 1 ? first : `${first} and ${files.length - 1} more`;
}

function missingImages(
  missing: readonly string[],
  { source, total, imageRoot }: { source: string; total: number; imageRoot: string },
): Finding[] {
  if (missing.length === 0) return [];
  return [
    {
      kind: 'warning',
      message: `${missing.length} of ${counted(total, 'image')} that ${source} names ${missing.length === 1 ? 'is' : 'are'} not in ${imageRoot} (${examples(missing)}), and left out; add ${missing.length === 1 ? 'it' : 'them'} there`,
    },
  ];
}

function emptyImages(names: ReadonlyMap<string, readonly string[]>, source: string): Finding[] {
  const empty = [...names].filter(([, shown]) => shown.length === 0).map(([id]) => id);
  if (empty.length === 0) return [];
  return [
    {
      kind: 'warning',
      message: `${counted(empty.length, 'image')} (${examples(empty)}) ${empty.length === 1 ? 'has' : 'have'} no object in ${source}, and ${empty.length === 1 ? 'counts' : 'count'} as showing none of the classes; remove what nobody has looked at yet`,
    },
  ];
}

/** The mask of an image, drawn from its outlines when it is wanted. */
export function drawnMask({ source, size, regions }: Outlines, labelOf: (name: string) => number): DrawnMask {
  return {
    name: source,
    ...(size && { size }),
    regions: regions.map(({ name, ...shape }): Region => {
      const meaning = name === undefined ? 'ignored' : meaningOfName(name);
      const label = meaning === 'ignored' ? 255 : meaning === 'background' ? 0 : labelOf(name!);
      return { ...shape, label };
    }),
  };
}

/** Folders, as ids have them, that an image may lie in: that of the file that names it, and that of its part. */
function foldersNear({ source, part }: AnnotatedImage, { imageRoot, images }: AnnotatedFolder): string[] {
  const beside = relative(imageRoot, dirname(source)).split(sep).join('/');
  const near = beside === '' || beside.startsWith('..') ? [] : [beside];
  const name = part === undefined ? undefined : partNamed(part);
  if (name !== undefined) {
    const tops = new Set(Array.from(images.keys(), (id) => id.split('/')[0]!));
    near.push(...[...tops].filter((top) => top === part || partNamed(top) === name));
  }
  return near;
}

type Reader = (files: readonly string[], folder: AnnotatedFolder) => Promise<Annotations>;

const readers: Readonly<Record<AnnotationFiles['tool'], Reader>> = {
  async coco(files) {
    const read = await inParallel(files, 1, readCocoAnnotations);
    return together(
      read.map(({ classes, images }, i) => ({
        classes,
        images: images.map((image) => ({ ...image, part: partOfFile(files[i]!) })),
      })),
    );
  },
  async cvat(files) {
    return together(await inParallel(files, 1, readCvatAnnotations));
  },
  async labelme(files) {
    const images = await inParallel(files, PARALLEL, readLabelMeFile);
    return { classes: [...new Set(images.flatMap(({ names }) => names))].sort(), images };
  },
  yolo: readYolo,
  labelmap: readColorMasks,
};

function together(all: readonly Annotations[]): Annotations {
  return {
    classes: [...new Set(all.flatMap(({ classes }) => classes))],
    images: all.flatMap(({ images }) => images),
  };
}

/** `train2017` of `annotations/instances_train2017.json`, `train` of `train/_annotations.coco.json`. */
function partOfFile(path: string): string | undefined {
  const words = [...basename(path, '.json').split(/[_.-]/), basename(dirname(path))];
  return words.find((word) => partNamed(word) !== undefined);
}

async function readYolo([path = '']: readonly string[], folder: AnnotatedFolder): Promise<Annotations> {
  const { classes, parts } = await readYoloDataset(path);
  const parted = await yoloParts(parts, { ...folder, path });
  let some = false;
  const images = await inParallel(
    [...folder.images],
    PARALLEL,
    async ([id, image]): Promise<AnnotatedImage> => {
      const file = labelPlaces(id, image, folder).find((place) => existsSync(place));
      some ||= file !== undefined;
      const part = parted.get(id);
      // An image of the background needs no file.
      if (file === undefined) return { name: id, source: path, part, names: [], regions: [] };
      return { name: id, source: file, part, ...(await readYoloLabels(file, classes)) };
    },
  );
  if (some || images.length === 0) return { classes, images };
  const [[id, image]] = [...folder.images] as [[string, string]];
  throw new UserError(
    `${path}: no image has a label file; expected ${labelPlaces(id, image, folder)[0]!} for ${image}`,
  );
}

/** Where the label file of an image may lie: in `labels/` where the image is in `images/`, else beside it. */
function labelPlaces(id: string, image: string, { root }: AnnotatedFolder): string[] {
  const own = `${image.replace(/\.\w+$/, '')}.txt`;
  const parts = relative(root, own).split(sep);
  const at = parts.lastIndexOf('images');
  const swapped = at < 0 ? [] : [join(root, ...parts.slice(0, at), 'labels', ...parts.slice(at + 1))];
  return [...swapped, join(root, 'labels', `${id}.txt`), own];
}

/** The part that each image is in by `data.yaml`; none where training and validation are the same. */
async function yoloParts(
  parts: Readonly<Record<'train' | 'val' | 'test', readonly string[]>>,
  { path, root, images }: AnnotatedFolder & { readonly path: string },
): Promise<Map<string, string>> {
  const places = Array.from(images, ([id, image]) => ({
    id,
    path: relative(root, image).split(sep).join('/'),
  }));
  const known = new ImageNames(images.keys());
  const parted = new Map<string, string>();
  if (parts.train.join('\n') === parts.val.join('\n')) return parted;
  for (const part of ['train', 'val', 'test'] as const) {
    for (const place of parts[part]) {
      const names = place.split(/[\\/]/).filter((name) => name !== '' && name !== '.' && name !== '..');
      if (/\.txt$/i.test(place)) {
        // Only a list within the folder is opened, whatever path the file has.
        const list = names.map((_, i) => resolve(root, ...names.slice(i))).find((file) => existsSync(file));
        const lines = list === undefined ? [] : filledLines(await readTextFile(list));
        for (const line of lines) {
          const id = known.find(line, { where: list ?? path });
          if (id !== undefined) parted.set(id, part);
        }
        continue;
      }
      const within = names.map((_, i) => `${names.slice(i).join('/')}/`);
      const prefix = within.find((start) => places.some((image) => image.path.startsWith(start)));
      if (prefix === undefined) continue;
      for (const image of places) if (image.path.startsWith(prefix)) parted.set(image.id, part);
    }
  }
  return parted;
}

/** Labels of color masks are what they show, so that all are decoded. */
async function readColorMasks([path = '']: readonly string[], folder: AnnotatedFolder): Promise<Annotations> {
  const colors = await readLabelColors(path);
  const parted = new Map<string, string>();
  for (const part of ['train', 'val', 'test']) {
    const list = join(folder.root, 'ImageSets', 'Segmentation', `${part}.txt`);
    if (!existsSync(list)) continue;
    for (const line of filledLines(await readTextFile(list))) parted.set(line, part);
  }
  const numbered = colors.map(({ color }, label) => ({ color, label }));
  const images = await inParallel(
    [...folder.masks],
    PARALLEL,
    async ([id, file]): Promise<AnnotatedImage> => {
      const { data } = await decodeColoredMask(await readOrdinaryFile(file), numbered).catch(
        (error: unknown) => {
          throw new UserError(`${file}: ${(error as Error).message}`, { cause: error });
        },
      );
      const shown = new Uint8Array(256);
      for (const number of data) shown[number] = 1;
      const names = colors.flatMap(({ name }, i) => (shown[i] === 1 ? name : []));
      return { name: id, source: path, part: parted.get(id), names };
    },
  );
  return { classes: colors.map(({ name }) => name), images };
}
