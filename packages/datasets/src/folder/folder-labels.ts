import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { NamedLabels } from '../annotations/csv-labels.js';
import { inParallel } from '../annotations/in-parallel.js';
import { readLabelFile, readNamedLabels } from '../annotations/label-file.js';
import { readTextFile } from '../annotations/text-file.js';
import { namesInAnnotation } from '../annotations/labels-from-annotation.js';
import {
  type AnnotationFiles,
  annotationFiles,
  annotationTools,
  namedAnnotationFiles,
} from './annotation-files.js';
import { imageId } from './image-files.js';
import { UserError } from '@toco/files';

/** Files that are read at a time. */
const PARALLEL = 16;

/**
 * Where the labels of a folder come from when nobody says: a label file, else the annotations of a tool, else VOC's, else its
 * sub-folders.
 */
export function defaultLabelSource(root: string): string | AnnotationFiles {
  const files = ['labels.csv', 'labels.json', 'cls_labels_onehot.npy'].map((name) => join(root, name));
  const file = files.find((path) => existsSync(path));
  if (file !== undefined) return namedAnnotationFiles(file, root) ?? file;
  return annotationFiles(root) ?? (existsSync(join(root, 'Annotations')) ? 'xml' : 'folders');
}

/**
 * The class names of the images of a folder.
 *
 * @param source - `'folders'`, `'xml'`, or the path of a label file.
 * @param images - Paths of the images by id.
 * @param classes - Names for the vectors of an `.npy` file, which has none itself.
 * @throws One line that names the file or folder that is wrong.
 */
export async function folderLabels(
  source: string,
  {
    root,
    images,
    classes,
    level = 0,
  }: {
    root: string;
    images: ReadonlyMap<string, string>;
    classes: readonly string[] | undefined;
    /** Folders around those of the classes. */
    level?: number | undefined;
  },
): Promise<NamedLabels> {
  if (source === 'folders')
    return { names: new Map(Array.from(images, ([id, path]) => [id, [classFolder(id, path, level)]])) };
  if (source === 'xml') return { names: await annotated(root, images) };
  if (source.endsWith('.npy')) {
    if (classes === undefined)
      throw new UserError(`${source}: holds no class names; give the classes (or classes.txt beside it)`);
    const table = await readLabelFile(source, classes);
    const names = Array.from(
      table,
      ([id, labels]) => [imageId(id), classes.filter((_, i) => labels[i] === 1)] as const,
    );
    return { names: new Map(names) };
  }
  if (!/\.(json|csv)$/.test(source)) {
    throw new UserError(
      `labels "${source}": give the path of an .npy, .json or .csv file, "xml", "folders", or a tool (${annotationTools.join(', ')}) or a file of it`,
    );
  }
  const labels = await readNamedLabels(source);
  const ids = new Map<string, string>();
  for (const name of labels.names.keys()) {
    const twin = ids.get(imageId(name));
    if (twin !== undefined)
      throw new UserError(`${source}: ${twin} and ${name} name the same image; put its labels together`);
    ids.set(imageId(name), name);
  }
  return { ...labels, names: new Map(Array.from(labels.names, ([id, names]) => [imageId(id), names])) };
}

function classFolder(id: string, path: string, level: number): string {
  const folders = id.split('/').slice(0, -1);
  const name = folders[level];
  if (name === undefined) {
    throw new UserError(
      `${path}: the image lies in no class's folder; sort images into one folder per class, or give labels`,
    );
  }
  return name;
}

/** Names in `Annotations/ID.xml`, or in the file beside the image; images without such a file have no labels. */
async function annotated(
  root: string,
  images: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const entries = await inParallel([...images], PARALLEL, async ([id, image]) => {
    const places = [join(root, 'Annotations', `${id}.xml`), image.replace(/\.\w+$/, '.xml')];
    const path = places.find((place) => existsSync(place));
    if (path === undefined) return [];
    return [[id, [...new Set(namesInAnnotation(await readTextFile(path), path))]] as const];
  });
  const names = new Map(entries.flat());
  if (names.size === 0)
    throw new UserError(
      `${root}: no image has an annotation; expected Annotations/ID.xml or ID.xml beside the image`,
    );
  return names;
}
