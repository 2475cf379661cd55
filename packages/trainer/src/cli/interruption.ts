/**
 * A signal that the first Ctrl-C (or SIGTERM) gives: what runs ends after the step in hand and saves. A second one ends the
 * process at once.
 *
 * @param doing what is done until the end, for the line that says so
 */
export function interruption(
  print: (line: string) => void,
  doing = 'saving a checkpoint after this iteration',
): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(130);
      print(`\nInterrupted: ${doing} (again to stop at once).`);
      controller.abort(new Error('interrupted'));
    });
  }
  return controller.signal;
}
