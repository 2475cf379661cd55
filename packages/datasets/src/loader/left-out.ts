import { counted } from '@toco/files';

/** An image that a validation can't use. */
interface LeftOutImage {
  readonly id: string;
  /** One line; it names the file. */
  readonly message: string;
}

/** Images that are named in one line. */
const named = 3;

/** One line about images that a validation leaves out; undefined where there are none. */
export function formatLeftOut(
  images: readonly LeftOutImage[],
  { list, total }: { readonly list: string; readonly total: number },
): string | undefined {
  if (images.length === 0) return undefined;
  const shown = images.slice(0, named).map(({ message }) => message);
  const more = images.length > named ? ` (and ${images.length - named} more)` : '';
  return `Validation leaves out ${images.length} of ${counted(total, 'image')} of the list ${list}: ${shown.join('; ')}${more}.`;
}
