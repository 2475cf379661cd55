/** The processes that run one step together, and which of them this one is. */
export interface Cluster {
  /** `host:port` of every process by rank, the same list in all of them; each listens on its own. */
  readonly addresses: readonly string[];
  /** Place of this process in `addresses`. */
  readonly rank: number;
  /**
   * Aborts where another process is lost: reductions then end at once with its reason. TensorFlow itself notices processes that
   * end, but not those that hang; `joinCluster` of `@toco/runtime` gives a signal for both.
   */
  readonly lost?: AbortSignal | undefined;
  /** Seconds that a call may wait for other processes before it ends with an error; default: 1800. */
  readonly patience?: number | undefined;
}

/** Seconds that a call may wait for other processes. */
export function patienceOf({ patience = 1800 }: Cluster): number {
  return patience;
}

/** @throws where the addresses or the rank make no sense */
export function assertCluster({ addresses, rank }: Cluster): void {
  const wrong = addresses.find((address) => !(Number(/^[^\s,/]+:(\d{1,5})$/.exec(address)?.[1]) < 2 ** 16));
  if (wrong !== undefined) throw new Error(`cluster: the address ${wrong} is not of the form host:port.`);
  const twice = addresses.find((address, i) => addresses.indexOf(address) < i);
  if (twice !== undefined) throw new Error(`cluster: the address ${twice} is given to two processes.`);
  if (!Number.isInteger(rank) || rank < 0 || rank >= addresses.length)
    throw new Error(`cluster: rank ${rank} is none of the ${addresses.length} processes, 0 and up.`);
}
