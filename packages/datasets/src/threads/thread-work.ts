/**
 * A function that threads can run: where it is exported, because threads can't receive functions, and the function itself for
 * the calling thread. Tasks and results are plain data.
 */
export interface ThreadWork<Task, Result> {
  /** URL of a built JavaScript module. */
  readonly module: string;
  /** Name of the exported function. */
  readonly name: string;
  readonly run: (task: Task) => Result | Promise<Result>;
}

/**
 * Work for threads.
 *
 * @param moduleUrl - `import.meta.url` of the module that exports `run` under its own name.
 */
export function threadWork<Task, Result>(
  moduleUrl: string,
  run: (task: Task) => Result | Promise<Result>,
): ThreadWork<Task, Result> {
  return { module: builtModule(moduleUrl), name: run.name, run };
}

/** Threads run built JavaScript, also where the calling module runs from its TypeScript source. */
export function builtModule(url: string): string {
  if (!url.endsWith('.ts')) return url;
  const at = url.lastIndexOf('/src/');
  return `${url.slice(0, at)}/dist/${url.slice(at + 5, -3)}.js`;
}

/** How a pool's threads run. */
export interface PoolOptions {
  /**
   * Whether other threads come first, for what is waited for later: beside one of them a thread gets a quarter of a processor. On
   * Linux, where threads have priorities of their own.
   */
  readonly background?: boolean | undefined;
}

/** Runs tasks, several at once where it has threads for them. */
export interface TaskPool<Task, Result> {
  /** Buffers in `handOver` go to the thread without a copy: the caller has them no more. */
  run(task: Task, handOver?: readonly ArrayBuffer[]): Promise<Result>;
  /** Ends after what is running; tasks that have not begun are rejected. */
  close(): Promise<void>;
}
