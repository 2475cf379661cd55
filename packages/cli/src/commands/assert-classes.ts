import type { Dataset } from '@toco/datasets';
import { counted, UserError } from '@toco/files';

/** Most names that a line has. */
const most = 25;

/** What of a network decides whether it knows a data set's classes. */
interface ClassedNetwork {
  readonly name: string;
  readonly classes?: readonly string[] | undefined;
  readonly network: { readonly numClasses: number };
}

/**
 * Throws unless a network knows the classes of a data set. A weight file tells only how many there are: whose they are taken for is
 * told, unless the command line names them.
 */
export function assertClasses(
  { name, classes: own }: Pick<Dataset, 'name' | 'classes'>,
  { name: weights, classes, network }: ClassedNetwork,
  {
    named,
    print = () => undefined,
  }: {
    /** Names that the command line gives, `data.classes`. */
    readonly named?: readonly string[] | undefined;
    readonly print?: ((line: string) => void) | undefined;
  } = {},
): void {
  const same = classes === undefined ? own.length === network.numClasses : own.join() === classes.join();
  if (same) {
    if (classes === undefined && named === undefined)
      print(
        `${weights}: doesn't tell its classes, so they are taken for those of ${name} in their order (${first(own)}); if they are others, name them: --set data.classes=[…].`,
      );
    return;
  }
  const list = classes !== undefined && classes.length <= most ? classes.join(', ') : '…';
  throw new UserError(
    `${name}: has ${counted(own.length, 'class', 'classes')} (${first(own)}), the network was trained on ${network.numClasses}${classes === undefined ? '' : ` (${first(classes)})`}; name the data set that it was trained on with --data, or all of its classes in its order: --set data.classes=[${list}].`,
  );
}

function first(names: readonly string[]): string {
  return `${names.slice(0, 3).join(', ')}${names.length > 3 ? ' …' : ''}`;
}
