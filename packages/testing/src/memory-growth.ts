/** Resident memory of this process in MB. */
const megabytes = (): number => process.memoryUsage.rss() / 2 ** 20;

/**
 * How much memory grows, in MB, while `work` is done again and again: the smallest growth of a few times. A leak grows every
 * time; what allocators and garbage collectors take and keep comes once, now and then.
 *
 * @param work called with 0, 1, 2, …; the first call warms up and doesn't count
 */
export async function memoryGrowth(
  work: (time: number) => Promise<void>,
  { times = 3, settle = 20 } = {},
): Promise<number> {
  await work(0);
  let smallest = Infinity;
  for (let time = 1; time <= times; time++) {
    const before = megabytes();
    await work(time);
    await new Promise((resolve) => setTimeout(resolve, settle));
    smallest = Math.min(smallest, megabytes() - before);
  }
  return smallest;
}
