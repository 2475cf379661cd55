import { constants } from 'node:os';
import { UserError } from '@toco/files';

/** Milliseconds within which a second signal is the same Ctrl-C: npm hands on to its child what the terminal sent it already. */
const sameKey = 250;

/**
 * A signal that the first Ctrl-C (SIGINT), SIGTERM or SIGHUP gives: what runs stops soon and saves. The process then exits
 * with the number that shells expect: 130, 143, 129. A second Ctrl-C or SIGTERM ends it at once; a second SIGHUP does not,
 * since a terminal that closes sends several.
 *
 * @param doing what is done until the end, for the line that says so
 */
export function interruption(
  print: (line: string) => void,
  doing = 'saving a checkpoint after this iteration',
): AbortSignal {
  const controller = new AbortController();
  let first = 0;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    const code = 128 + constants.signals[name];
    process.on(name, () => {
      if (!controller.signal.aborted) {
        first = performance.now();
        process.exitCode = code;
        print(`\nInterrupted: ${doing} (press Ctrl-C again to stop now).`);
        controller.abort(new UserError('interrupted'));
      } else if (name !== 'SIGHUP' && performance.now() - first > sameKey) process.exit(code);
    });
  }
  return controller.signal;
}
