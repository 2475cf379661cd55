import { counted } from '@toco/files';
import type { SampleList } from '../dataset/dataset.js';
import { examples, type Finding } from '../dataset/finding.js';
import { alikeNames } from './alike-names.js';

/** The lists of a data set as far as they are there. */
export interface Lists {
  readonly train: SampleList | undefined;
  readonly val: SampleList | undefined;
}

/** What the lists and labels of a data set say by themselves; no file is opened. */
export function checkLists(classes: readonly string[], { train, val }: Lists): Finding[] {
  return [
    ...classesWithoutImage(classes, { train, val }),
    ...(train === undefined || val === undefined ? [] : imagesInBoth(train, val)),
    ...backgroundClasses(classes),
    ...joinedNames(classes),
    ...alikeNames(classes, 'classes', 'give them one name'),
  ];
}

function countsOf(list: SampleList | undefined, numClasses: number): Float64Array {
  const counts = new Float64Array(numClasses);
  for (let i = 0; i < (list?.length ?? 0); i++)
    list!.sample(i).labels.forEach((value, c) => (counts[c]! += value));
  return counts;
}

function classesWithoutImage(classes: readonly string[], { train, val }: Lists): Finding[] {
  if (train === undefined) return [];
  const [inTrain, inVal] = [countsOf(train, classes.length), countsOf(val, classes.length)];
  const absent = classes.flatMap((name, c) =>
    inTrain[c]! > 0 ? [] : inVal[c]! > 0 ? `${name} (${counted(inVal[c]!, 'image')} of ${val!.name})` : name,
  );
  if (absent.length === 0) return [];
  return [
    {
      kind: 'warning',
      message: `no image of the list ${train.name} shows ${absent.length} of ${counted(classes.length, 'class', 'classes')}: ${examples(absent, 10)}; the network can't learn them: add images or remove these classes`,
    },
  ];
}

function imagesInBoth(train: SampleList, val: SampleList): Finding[] {
  const keyOf = (list: SampleList, i: number): string => {
    const { image, id } = list.sample(i);
    return 'path' in image ? image.path : id;
  };
  const trained = new Set(Array.from({ length: train.length }, (_, i) => keyOf(train, i)));
  const both = Array.from({ length: val.length }, (_, i) => i).filter((i) => trained.has(keyOf(val, i)));
  if (both.length === 0) return [];
  return [
    {
      kind: 'warning',
      message: `${counted(both.length, 'image')} of the list ${val.name} ${both.length === 1 ? 'is' : 'are'} in ${train.name}, too (${examples(both.map((i) => val.sample(i).id))}): validation on images of training says nothing about others; remove them from one list`,
    },
  ];
}

/** Background has number 0 wherever classes are numbered; as a class of its own it shifts the numbers of all others. */
function backgroundClasses(classes: readonly string[]): Finding[] {
  const found = classes.filter((name) => /^_*background_*$/i.test(name.trim()));
  return found.map((name) => ({
    kind: 'error',
    message: `"${name}" is among the classes, and background is not a class: it is what none of them covers, 0 in masks, and is always there; remove it from the classes, and let an image that shows nothing have none`,
  }));
}

/** Class names that hold several: `cat, dog`, `cat/dog`, or `cat dog` where both are classes. */
function joinedNames(classes: readonly string[]): Finding[] {
  const known = new Set(classes);
  const joined = classes.filter((name) => {
    if (name.includes(',')) return true;
    const parts = name.split(/[/+&;|\s]+/).filter((part) => part !== '');
    return parts.length > 1 && parts.every((part) => known.has(part));
  });
  if (joined.length === 0) return [];
  return [
    {
      kind: 'warning',
      message: `${counted(joined.length, 'class name')} ${joined.length === 1 ? 'looks' : 'look'} like several names in one (${examples(joined.map((name) => `"${name}"`))}), and ${joined.length === 1 ? 'is' : 'are'} taken as one class each; if several are meant, separate them with "|"`,
    },
  ];
}
