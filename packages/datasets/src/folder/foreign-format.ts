import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What a folder looks like that another tool wrote and that is not read yet: one line that says what it is and what to do; undefined
 * where it looks like none.
 */
export function foreignFormat(root: string): string | undefined {
  if (existsSync(join(root, 'labelmap.txt'))) {
    return `${join(root, 'labelmap.txt')}: this is an export of CVAT ("Segmentation mask"), whose masks hold colours; toco reads class numbers: replace each color of labelmap.txt by its number (0 background, 1, 2, …) in PNGs of 8 bits, put the names into classes.txt, and the images' labels into labels.csv`;
  }
  for (const folder of ['annotations', '.', 'train', 'valid']) {
    const names = filesIn(join(root, folder));
    const coco = names.find((name) =>
      /^instances_.*\.json$|_annotations\.coco\.json$|^coco.*\.json$/.test(name),
    );
    if (coco !== undefined) {
      return `${join(root, folder, coco)}: these are annotations in COCO's form of another year than 2014, or of categories of your own, which toco can't read yet; write the images' class names into labels.csv (id,label), and masks of class numbers into masks/ID.png`;
    }
  }
  if (existsSync(join(root, 'data.yaml')) && existsSync(join(root, 'labels'))) {
    return `${join(root, 'data.yaml')}: this is a data set in YOLO's form, which toco can't read yet; write the images' class names into labels.csv (id,label)`;
  }
  return undefined;
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
