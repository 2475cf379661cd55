import { counted } from '@toco/files';
import { basename, join } from 'node:path';
import { alikeNames, differenceOf, plainName } from '../check/alike-names.js';
import { examples, type Finding } from '../dataset/finding.js';
import type { FoundImages } from './image-files.js';

/** What a folder of one's own holds, as it was read. */
export interface FolderContents {
  readonly imageRoot: string;
  readonly photographs: FoundImages;
  readonly maskRoot: string | undefined;
  readonly masks: FoundImages | undefined;
  /** Ids with labels. */
  readonly labeled: { has(id: string): boolean };
  /** Where labels come from. */
  readonly source: string;
  /** Ids of folders that no list takes. */
  readonly test: readonly string[];
}

/** What stands out in a folder before any file of it is opened. */
export function folderFindings(contents: FolderContents): Finding[] {
  const { imageRoot, photographs, maskRoot, masks, test } = contents;
  const found: Finding[] = [
    ...passedOver(imageRoot, photographs),
    ...odd(photographs),
    ...unlabeled(contents),
    ...alikeNames(photographs.images.keys(), 'image names', 'rename one'),
  ];
  if (maskRoot !== undefined && masks !== undefined) {
    found.push(...passedOver(maskRoot, masks), ...odd(masks), ...strayMasks(maskRoot, masks, photographs));
  }
  if (test.length > 0) {
    found.push({
      kind: 'warning',
      message: `${counted(test.length, 'image')} of the test folder (${examples(test)}) ${test.length === 1 ? 'is' : 'are'} in no list; move ${test.length === 1 ? 'it' : 'them'} into train or val to use ${test.length === 1 ? 'it' : 'them'}`,
    });
  }
  return found;
}

function passedOver(folder: string, { passedOver: kinds }: FoundImages): Finding[] {
  if (kinds.size === 0) return [];
  const parts = Array.from(
    kinds,
    ([ending, { count, example }]) =>
      `${count} ${ending === '' ? 'without ending' : ending} (${basename(example)})`,
  );
  return [
    {
      kind: 'warning',
      message: `${folder}: files of other kinds are passed over: ${examples(parts, 8)}; images are .jpg, .jpeg, .png and .webp: convert what should be used`,
    },
  ];
}

function odd({ deadLinks, special }: FoundImages): Finding[] {
  const found: Finding[] = [];
  if (deadLinks.length > 0) {
    found.push({
      kind: 'warning',
      message: `${counted(deadLinks.length, 'symbolic link')} lead${deadLinks.length === 1 ? 's' : ''} nowhere, or back to a folder around ${deadLinks.length === 1 ? 'it' : 'them'} (${examples(deadLinks)}); remove or correct ${deadLinks.length === 1 ? 'it' : 'them'}`,
    });
  }
  if (special.length > 0) {
    found.push({
      kind: 'warning',
      message: `${counted(special.length, 'file')} named like an image ${special.length === 1 ? 'is a pipe or device' : 'are pipes or devices'} (${examples(special)}), which ${special.length === 1 ? 'is' : 'are'} never opened; remove ${special.length === 1 ? 'it' : 'them'}`,
    });
  }
  return found;
}

function unlabeled({ photographs, labeled, source, imageRoot }: FolderContents): Finding[] {
  const without = [...photographs.images.keys()].filter((id) => !labeled.has(id));
  if (without.length === 0) return [];
  return [
    {
      kind: 'warning',
      message: `${without.length} of ${counted(photographs.images.size, 'image')} in ${imageRoot} have no label in ${source} and are left out (${examples(without)}); add them there, with no class where they show none`,
    },
  ];
}

/** Masks that fit no image: they would be left out of validation without a word. */
function strayMasks(maskRoot: string, masks: FoundImages, photographs: FoundImages): Finding[] {
  const stray = [...masks.images.keys()].filter((id) => !photographs.images.has(id));
  const other = masks.images.size === 0 ? [...masks.passedOver.values()][0] : undefined;
  if (stray.length === 0 && other === undefined) return [];
  const [first] = stray;
  const file = first === undefined ? basename(other!.example) : basename(masks.images.get(first)!);
  const fits = masks.images.size - stray.length;
  const ids = [...photographs.images.keys()];
  const meant = first === undefined ? ids[0] : likelyImage(first, ids);
  const expected =
    meant === undefined
      ? 'masks are named ID.png'
      : `the mask of the image ${meant} is ${join(maskRoot, `${meant}.png`)}`;
  const count = first === undefined ? other!.count : stray.length;
  return [
    {
      // With no mask at all that fits, validation would be off though there are masks.
      kind: fits === 0 ? 'error' : 'warning',
      message: `${maskRoot}: ${counted(count, 'file')}, such as ${file}, ${count === 1 ? 'fits' : 'fit'} no image${fits === 0 ? ', and no other does' : ` (${fits} others do)`}; ${expected}: rename ${count === 1 ? 'it' : 'them'}${fits === 0 ? ', or remove the folder to train without masks' : ''}`,
    },
  ];
}

/** The image that a mask of another name belongs to, most likely: its name begins the mask's, or at least is in it. */
function likelyImage(mask: string, ids: readonly string[]): string | undefined {
  const fileName = (id: string): string => plainName(id).split('/').at(-1)!;
  const name = fileName(mask);
  let best: { id: string; score: number } | undefined;
  for (const id of ids) {
    const own = fileName(id);
    if (!name.includes(own)) continue;
    const score = own.length + (name.startsWith(own) ? 1000 : 0);
    if (score > (best?.score ?? 0)) best = { id, score };
  }
  return best?.id ?? ids[0];
}

/** An id among others that differs from one in case or Unicode form only, for a message. */
export function nearlyNamed(id: string, ids: Iterable<string>): string {
  const plain = plainName(id);
  for (const other of ids) {
    if (plainName(other) === plain)
      return `; there is ${other}, which differs in ${differenceOf(id, other)} only: rename one of them`;
  }
  return '';
}

/** An id of the same file name elsewhere, for a message: lists and labels give the path from the folder of the images. */
export function samePlace(id: string, ids: Iterable<string>): string {
  const fileName = (path: string): string => path.split(/[\s/]/).at(-1)!;
  const own = fileName(id);
  for (const other of ids) {
    if (fileName(other) === own) return `; there is ${other}: write the path from the folder of the images`;
  }
  return '';
}

/** Kinds of files that are no images, for a message. */
export function kindsOf(kinds: FoundImages['passedOver']): string {
  const parts = Array.from(
    kinds,
    ([ending, { count }]) => `${count} ${ending === '' ? 'without ending' : ending}`,
  );
  return parts.length === 0 ? '' : `, or convert what is there: ${examples(parts, 8)}`;
}
