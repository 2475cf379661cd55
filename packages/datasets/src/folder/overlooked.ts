import { counted } from '@toco/files';
import { readdirSync, type Dirent } from 'node:fs';
import { extname, join } from 'node:path';
import { examples, type Finding } from '../dataset/finding.js';
import type { FoundImages } from './image-files.js';

/** What of a folder has been read. */
export interface Read {
  readonly root: string;
  readonly imageRoot: string;
  readonly photographs: FoundImages;
  /** Folder of the masks; undefined where there is none of a known name. */
  readonly maskRoot: string | undefined;
  /** Where labels come from. */
  readonly source: string;
  /** Folders around those of the classes. */
  readonly level: number;
}

/** What lies in a folder, looks meant, and is not read: nothing else would say so. */
export function overlooked(read: Read): Finding[] {
  return [...emptyClasses(read), ...unreadLabels(read), ...unreadMasks(read)].map((message) => ({
    kind: 'warning',
    message,
  }));
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).filter(({ name }) => !/^(?:\.|__MACOSX$)/.test(name));
  } catch {
    return [];
  }
}

const isFolder = (entry: Dirent): boolean => entry.isDirectory() || entry.isSymbolicLink();

/** Class folders without an image that is read: the class would be missing, and later ones numbered otherwise. */
function emptyClasses({ imageRoot, photographs, source, level, maskRoot }: Read): string[] {
  if (source !== 'folders') return [];
  const folders = entriesOf(imageRoot).filter(isFolder);
  const parents = level === 0 ? [''] : folders.map(({ name }) => name);
  const filled = new Set<string>();
  for (const id of photographs.images.keys()) {
    filled.add(
      id
        .split('/')
        .slice(0, level + 1)
        .join('/'),
    );
  }
  const empty = parents
    .flatMap((parent) =>
      entriesOf(join(imageRoot, parent))
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => (parent === '' ? name : `${parent}/${name}`)),
    )
    .filter((name) => !filled.has(name) && join(imageRoot, name) !== maskRoot);
  if (empty.length === 0) return [];
  const one = empty.length === 1;
  return [
    `${counted(empty.length, 'folder')} (${examples(empty)}) ${one ? 'holds' : 'hold'} no image and ${one ? 'is' : 'are'} not taken as ${one ? 'a class' : 'classes'}; add images (.jpg, .jpeg, .png, .webp), or remove ${one ? 'it' : 'them'}`,
  ];
}

/** Files that may be meant as labels, where the names of the folders are taken. */
function unreadLabels({ root, source }: Read): string[] {
  if (source !== 'folders') return [];
  const files = entriesOf(root)
    .map(({ name }) => name)
    .filter((name) => extname(name).toLowerCase() === '.csv');
  if (files.length === 0) return [];
  return [
    `${examples(files.map((name) => join(root, name)))}: not read; labels come from the names of the folders; if it holds the labels, name it: data.labels=${join(root, files[0]!)} (toco check: --labels)`,
  ];
}

/** A folder of PNGs named like the photographs, beside theirs. */
function unreadMasks({ root, imageRoot, photographs, maskRoot }: Read): string[] {
  if (maskRoot !== undefined || imageRoot === root) return [];
  for (const entry of entriesOf(root).filter(isFolder)) {
    const folder = join(root, entry.name);
    if (folder === imageRoot) continue;
    const alike = entriesOf(folder).filter(
      ({ name }) => /\.png$/i.test(name) && photographs.images.has(name.replace(/\.png$/i, '')),
    );
    if (alike.length > 0) {
      return [
        `${folder}: holds ${counted(alike.length, 'PNG file')} named like images, and is not read; if these are masks, rename it to masks, or name it: data.masks=${folder} (toco check: --masks)`,
      ];
    }
  }
  return [];
}
