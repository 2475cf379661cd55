/**
 * A signal that the first Ctrl-C (or SIGTERM) gives: what runs ends after the step in hand and saves. A second one ends the
 * process at once.
 */
export function interruption(print: (line: string) => void): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(130);
      print('\nInterrupted: saving a checkpoint after this iteration (again to stop at once).');
      controller.abort();
    });
  }
  return controller.signal;
}
