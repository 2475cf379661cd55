import type { Dataset } from '@toco/datasets';
import { counted, UserError } from '@toco/files';

/** Throws unless a network knows the classes of a data set; a weight file tells only how many there are. */
export function assertClasses(
  { name, classes: own }: Pick<Dataset, 'name' | 'classes'>,
  {
    classes,
    network,
  }: { readonly classes?: readonly string[] | undefined; readonly network: { readonly numClasses: number } },
): void {
  const same = classes === undefined ? own.length === network.numClasses : own.join() === classes.join();
  if (same) return;
  const first = (names: readonly string[] = []): string =>
    names.length === 0 ? '' : ` (${names.slice(0, 3).join(', ')} …)`;
  throw new UserError(
    `${name}: has ${counted(own.length, 'class', 'classes')}${first(own)}, the network was trained on ${network.numClasses}${first(classes)}.`,
  );
}
