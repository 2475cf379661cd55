/** Work in progress, so much at a time. */
export interface WorkWindow {
  /**
   * Begins `work` as soon as there is room.
   *
   * @throws What earlier work failed with.
   */
  add(work: () => Promise<void>): Promise<void>;
  /** Waits for all of it. */
  finish(): Promise<void>;
}

/** Room for `limit` pieces of work at a time. The first failure ends it; `finish` waits for what has begun in any case. */
export function workWindow(limit: number): WorkWindow {
  const running = new Set<Promise<void>>();
  const failures: unknown[] = [];
  function assertNoFailure(): void {
    if (failures.length > 0) throw failures[0];
  }
  return {
    async add(work) {
      while (running.size >= limit) await Promise.race(running);
      assertNoFailure();
      const piece = work()
        .catch((error: unknown) => void failures.push(error))
        .finally(() => running.delete(piece));
      running.add(piece);
    },
    async finish() {
      await Promise.all(running);
      assertNoFailure();
    },
  };
}
