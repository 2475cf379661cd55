import { counted, UserError } from '@toco/files';
/** Image-level labels by image: `[C]` values of 0 or 1. */
export type LabelTable = ReadonlyMap<string, Uint8Array>;

/** The names, or the first ones of many. */
function someOf(names: readonly string[]): string {
  const most = 100;
  const more = names.length > most ? ` and ${names.length - most} more` : '';
  return names.slice(0, most).join(', ') + more;
}

/**
 * The multi-hot vector of some class names.
 *
 * @param where - What messages call the place the names were read from.
 * @throws One line for a name that is no class.
 */
export function labelsOfNames(
  names: Iterable<string>,
  classes: readonly string[],
  where: string,
): Uint8Array {
  const labels = new Uint8Array(classes.length);
  for (const name of names) {
    const index = classes.indexOf(name);
    if (index < 0) throw new UserError(`${where}: "${name}" is none of the classes ${someOf(classes)}`);
    labels[index] = 1;
  }
  return labels;
}

/**
 * A vector of 0 and 1 as read from a file.
 *
 * @throws One line when its length is not the number of classes, or a value is neither.
 */
export function checkLabels(
  values: ArrayLike<number>,
  classes: readonly string[],
  where: string,
): Uint8Array {
  if (values.length !== classes.length) {
    throw new UserError(
      `${where}: ${counted(values.length, 'label')} for ${counted(classes.length, 'class', 'classes')}`,
    );
  }
  const labels = Uint8Array.from(values);
  for (let i = 0; i < labels.length; i++) {
    if (values[i] !== 0 && values[i] !== 1)
      throw new UserError(`${where}: label ${values[i]} of ${classes[i]} is neither 0 nor 1`);
  }
  return labels;
}
