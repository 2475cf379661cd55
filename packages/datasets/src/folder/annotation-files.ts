import { closeSync, type Dirent, existsSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { looksLikeLabelMe } from '../annotations/labelme-annotations.js';
import { UserError } from '@toco/files';

/** Tools whose annotations are read; where a folder holds those of several, the first counts. */
export const annotationTools = ['labelmap', 'coco', 'cvat', 'yolo', 'labelme'] as const;

/** One of {@link annotationTools}. */
export type AnnotationTool = (typeof annotationTools)[number];

/** What messages call them. */
export const toolNames: Readonly<Record<AnnotationTool, string>> = {
  coco: 'COCO',
  cvat: 'CVAT',
  labelme: 'LabelMe',
  yolo: 'YOLO',
  labelmap: 'color masks',
};

/** Files that a tool wrote. */
export interface AnnotationFiles {
  readonly tool: AnnotationTool;
  readonly files: readonly string[];
}

/** Bytes at a file's beginning by which it is recognized. */
const beginning = 2 ** 16;

/** Folders in which a folder of images may have others. */
const mostFolders = 1000;

/**
 * The annotations that a folder holds, whichever tool wrote them: `labelmap.txt` beside color masks, JSON of COCO's form, an XML of
 * CVAT, `data.yaml` of YOLO, JSON files of LabelMe. Files are known by how they begin.
 */
export function annotationFiles(root: string): AnnotationFiles | undefined {
  for (const tool of annotationTools) {
    const files = finders[tool](root);
    if (files.length > 0) return { tool, files };
  }
  return undefined;
}

/**
 * The annotations that a setting names: the name of a tool, one of its files, or a folder of LabelMe's.
 *
 * @returns undefined where labels in other forms are named
 * @throws One line where a tool is named and the folder holds nothing of it.
 */
export function namedAnnotationFiles(source: string, root: string): AnnotationFiles | undefined {
  const tool = annotationTools.find((name) => name === source);
  if (tool !== undefined) {
    const files = finders[tool](root);
    if (files.length > 0) return { tool, files };
    throw new UserError(`${root}: holds no annotations of ${toolNames[tool]}; expected ${expected[tool]}`);
  }
  if (isFolder(source)) {
    const files = finders.labelme(source);
    return files.length > 0 ? { tool: 'labelme', files } : undefined;
  }
  const kind = /\.xml$/i.test(source)
    ? 'cvat'
    : /\.ya?ml$/i.test(source)
      ? 'yolo'
      : basename(source) === 'labelmap.txt'
        ? 'labelmap'
        : /\.json$/i.test(source) && isCoco(source)
          ? 'coco'
          : undefined;
  return kind && { tool: kind, files: [source] };
}

const expected: Readonly<Record<AnnotationTool, string>> = {
  coco: 'a JSON of images, annotations and categories there or in annotations/',
  cvat: 'annotations.xml ("CVAT for images 1.1")',
  labelme: 'JSON files beside the images',
  yolo: 'data.yaml with names, and labels/',
  labelmap: 'labelmap.txt, and masks in SegmentationClass/ or masks/',
};

const finders: Readonly<Record<AnnotationTool, (root: string) => string[]>> = {
  labelmap(root) {
    const path = join(root, 'labelmap.txt');
    const masks = ['SegmentationClass', 'masks'].some((name) => isFolder(join(root, name)));
    return existsSync(path) && masks ? [path] : [];
  },
  coco(root) {
    const inside = filesIn(root)
      .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
      .slice(0, mostFolders)
      .map(({ name }) => join(root, name));
    const found = [root, ...inside].flatMap((folder) => {
      const files = jsonFiles(folder);
      // A folder of LabelMe's files has one for each image: not all are opened.
      return files[0] !== undefined && looksLikeLabelMe(begins(files[0])) ? [] : files.filter(isCoco);
    });
    const instances = found.filter((path) => basename(path).startsWith('instances_'));
    return instances.length > 0 ? instances : found;
  },
  cvat(root) {
    return ['.', 'annotations']
      .flatMap((folder) => filesIn(join(root, folder)).map(({ name }) => join(root, folder, name)))
      .filter((path) => /\.xml$/i.test(path) && /<annotations[\s>]/.test(begins(path)));
  },
  yolo(root) {
    return filesIn(root)
      .map(({ name }) => join(root, name))
      .filter((path) => /\.ya?ml$/i.test(path) && /^names\s*:/m.test(begins(path)))
      .slice(0, 1);
  },
  labelme(root) {
    const folders = [root];
    for (const folder of folders) {
      if (folders.length > mostFolders) break;
      const inside = filesIn(folder).filter((entry) => entry.isDirectory());
      folders.push(...inside.map(({ name }) => join(folder, name)));
    }
    return folders.flatMap((folder) => {
      const files = jsonFiles(folder);
      return files.some((path, i) => i < 3 && looksLikeLabelMe(begins(path)))
        ? files.filter((path) => looksLikeLabelMe(begins(path)))
        : [];
    });
  },
};

function jsonFiles(folder: string): string[] {
  return filesIn(folder)
    .filter((entry) => /\.json$/i.test(entry.name) && !entry.isDirectory())
    .map(({ name }) => join(folder, name));
}

/** Whether a JSON is of COCO's form, by its first keys; captions and the like say nothing of classes. */
function isCoco(path: string): boolean {
  if (/^(?:captions|person_keypoints|image_info|panoptic)_/.test(basename(path))) return false;
  const text = begins(path);
  const keys = ['images', 'annotations', 'categories', 'info', 'licenses'];
  return keys.filter((key) => text.includes(`"${key}"`)).length >= 2 && !looksLikeLabelMe(text);
}

/** The beginning of an ordinary file as text; nothing of any other. */
function begins(path: string): string {
  try {
    if (!statSync(path).isFile()) return '';
    const bytes = Buffer.alloc(beginning);
    const file = openSync(path, 'r');
    try {
      return bytes.toString('utf8', 0, readSync(file, bytes, 0, beginning, 0));
    } finally {
      closeSync(file);
    }
  } catch {
    return '';
  }
}

function filesIn(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter(({ name }) => !/^(?:\.|__MACOSX$)/.test(name))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return [];
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
