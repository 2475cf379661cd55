import { UserError } from '@toco/files';
/** Names of folders for the parts of a data set, as other tools make them. */
const parts: Readonly<Record<'train' | 'val' | 'test', RegExp>> = {
  train: /^(?:train|training|train\d{4})$/i,
  val: /^(?:val|valid|validation|dev|eval|evaluation|val\d{4})$/i,
  test: /^(?:test|testing|test\d{4})$/i,
};

/** The part of a data set that a name stands for. */
export function partNamed(name: string): 'train' | 'val' | 'test' | undefined {
  return (['train', 'val', 'test'] as const).find((part) => parts[part].test(name));
}

/** Images in folders `train/CLASS/…` and `val/CLASS/…`, by what the folders are for. */
export interface SplitFolders {
  readonly train: readonly string[];
  readonly val: readonly string[];
  /** Ids that are in neither. */
  readonly test: readonly string[];
}

/**
 * The parts of a folder whose sub-folders are parts and not classes: `train` and `val`, perhaps `test`. A class may be called
 * "train" where there are others beside it.
 *
 * @returns Ids of each part; undefined where the sub-folders are classes.
 * @throws One line where parts hold no folders of classes, or lie beside classes.
 */
export function splitFolders(root: string, ids: Iterable<string>): SplitFolders | undefined {
  const split = { train: [] as string[], val: [] as string[], test: [] as string[] };
  const folders = new Set<string>();
  const others = new Set<string>();
  let bare: string | undefined;
  for (const id of ids) {
    const [top = '', ...inside] = id.split('/');
    if (inside.length === 0) return undefined;
    const part = partNamed(top);
    if (part === undefined) {
      others.add(top);
      continue;
    }
    folders.add(top);
    if (inside.length === 1) bare ??= id;
    split[part].push(id);
  }
  const named = [...folders].join(', ');
  if (folders.size === 0 || (others.size > 0 && folders.size === 1)) return undefined;
  if (others.size > 0) {
    throw new UserError(
      `${root}: ${named} look like parts of a data set, ${[...others][0]!} beside them like a class; move it into one of them, or give labels`,
    );
  }
  if (bare !== undefined) {
    throw new UserError(
      `${root}: the folders ${named} are parts of a data set, not classes, and hold images without a class (${bare}); sort them into train/CLASS/, val/CLASS/, or give labels (labels.csv) with lists (train.txt, val.txt)`,
    );
  }
  return split;
}

/**
 * The parts of a folder whose labels come from a file: where all images lie in `train/` and `val/` (perhaps `test/`), these are the lists.
 */
export function listedParts(ids: Iterable<string>): SplitFolders | undefined {
  const split = { train: [] as string[], val: [] as string[], test: [] as string[] };
  for (const id of ids) {
    const [top = '', ...inside] = id.split('/');
    const part = partNamed(top);
    if (part === undefined || inside.length === 0) return undefined;
    split[part].push(id);
  }
  return split.train.length > 0 && split.val.length > 0 ? split : undefined;
}
