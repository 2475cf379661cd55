import { printLine } from '@toco/files';

/** Exit status of a command that did its work but for images that it had to skip. */
const doneWithSkips = 3;

/** Names what was skipped, each with its reason, and sets the exit status: 3, or with `--strict` 1. */
export function tellSkipped(
  skipped: readonly { readonly message: string }[],
  { total, strict = false }: { readonly total: number; readonly strict?: boolean | undefined },
): void {
  if (skipped.length === 0) return;
  printLine(`Skipped ${skipped.length} of ${total} image${total === 1 ? '' : 's'}:`);
  for (const { message } of skipped) printLine(`  ${message}`);
  process.exitCode ??= strict ? 1 : doneWithSkips;
}
