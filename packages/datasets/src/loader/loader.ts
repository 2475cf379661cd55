/**
 * Results in order, made ahead of their use. Iterated once; leaving the loop, an error and `close()` end its threads.
 */
export interface Loader<Result> extends AsyncIterableIterator<Result> {
  /** Ends the threads after the work in hand; a `next()` that is waiting ends the iteration. May be called again. */
  close(): Promise<void>;
}

/** How a loader does its work. */
export interface LoaderWork<Task, Made, Result> {
  run(task: Task): Promise<Made>;
  /** What becomes of the result of a task when its turn comes; `undefined` passes it over. An error ends the loader. */
  finish(made: Made): Result | undefined;
  close(): Promise<void>;
}

/** Runs tasks in order, at most `ahead` of them before they are asked for. */
export function orderedLoader<Task, Made, Result>(
  tasks: Iterator<Task>,
  pool: LoaderWork<Task, Made, Result>,
  ahead: number,
): Loader<Result> {
  const started: Promise<Made>[] = [];
  const done = { done: true, value: undefined } as const;
  let finished = false;
  let closing: Promise<void> | undefined;
  let endWaiting: (() => void) | undefined;

  function startNext(): Promise<Made> | undefined {
    try {
      const next = tasks.next();
      if (next.done !== true) return pool.run(next.value);
      finished = true;
      return undefined;
    } catch (error) {
      finished = true;
      return Promise.reject(asError(error));
    }
  }

  function startUpTo(count: number): void {
    while (started.length < count && !finished) {
      const result = startNext();
      if (result === undefined) return;
      // A failure is reported when its turn comes, not before.
      result.catch(() => undefined);
      started.push(result);
    }
  }

  function close(): Promise<void> {
    if (closing === undefined) {
      finished = true;
      started.length = 0;
      closing = pool.close();
      endWaiting?.();
    }
    return closing;
  }

  async function next(): Promise<IteratorResult<Result, undefined>> {
    startUpTo(Math.max(1, ahead));
    const result = started.shift();
    if (result === undefined) {
      await close();
      return done;
    }
    startUpTo(ahead);
    return new Promise((resolve, reject) => {
      endWaiting = () => {
        resolve(done);
      };
      result.then(
        (made) => {
          let value: Result | undefined;
          try {
            value = pool.finish(made);
          } catch (error) {
            fail(error);
            return;
          }
          resolve(value === undefined ? next() : { done: false, value });
        },
        (error: unknown) => {
          fail(error);
        },
      );
      function fail(error: unknown): void {
        endWaiting = undefined;
        void close().then(() => {
          reject(asError(error));
        });
      }
    });
  }

  startUpTo(ahead);
  return {
    next,
    close,
    async return() {
      await close();
      return done;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
