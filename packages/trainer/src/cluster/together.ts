import { UserError } from '@toco/files';
import { type Cluster, joinCluster, type Peers } from '@toco/runtime';
import type { SharedEvaluation } from '../evaluation/evaluate.js';

/** What processes that train together do in step, and what one process does alone. */
export interface Together {
  /** The others; undefined where there are none. */
  readonly peers: Peers | undefined;
  /** Whether this process writes the run's folder. */
  readonly leads: boolean;
  /** Which part of the work is this process's. */
  readonly share: { readonly index: number; readonly count: number };
  /** Ends waiting and validations: the user's signal, or that a process has asked all to stop. */
  readonly asked: AbortSignal | undefined;
  /** Ends the run after the iteration at hand: the user's signal, or that all have agreed on it. */
  readonly stop: AbortSignal | undefined;
  /** Processes that validate together. */
  readonly among: SharedEvaluation | undefined;
  /** The values of all processes, by rank. */
  gather<T>(what: string, value: T): Promise<readonly T[]>;
  /** The value that the leader makes; the others make none. */
  ofLeader<T>(what: string, make: () => T | Promise<T>): Promise<T>;
  /** Agrees that the run stops; called where all processes do so after the same iteration. */
  agreeToStop(): void;
  /** Leaves the others: with their work done, or with what ended this one. */
  leave(error?: Error): Promise<void>;
}

/** Meets the processes of a cluster; without one, this process is alone and all of it a matter of course. */
export async function trainTogether(
  cluster: Cluster | undefined,
  { signal, print }: { readonly signal?: AbortSignal | undefined; readonly print: (line: string) => void },
): Promise<Together> {
  if (!cluster || cluster.addresses.length === 1) {
    return {
      ...{ peers: undefined, leads: true, share: { index: 0, count: 1 }, asked: signal, stop: signal },
      among: undefined,
      gather: (_, value) => Promise.resolve([value]),
      ofLeader: async (_, make) => make(),
      agreeToStop: () => undefined,
      leave: () => Promise.resolve(),
    };
  }
  const peers = await joinCluster(cluster, { signal, print });
  const ask = (): void => {
    peers.ask();
  };
  if (signal?.aborted) ask();
  signal?.addEventListener('abort', ask, { once: true });
  const stop = new AbortController();
  const { rank, addresses } = cluster;
  const share = { index: rank, count: addresses.length };
  const together: Together = {
    ...{ peers, leads: rank === 0, share, asked: peers.asked, stop: stop.signal },
    among: { share, gather: (found) => peers.gather('validation', found) },
    gather: (what, value) => peers.gather(what, value),
    async ofLeader(what, make) {
      const [value] = await peers.gather(what, rank === 0 ? await make() : null);
      return value as Awaited<ReturnType<typeof make>>;
    },
    agreeToStop: () => {
      stop.abort(new UserError('interrupted'));
    },
    async leave(error) {
      signal?.removeEventListener('abort', ask);
      if (error === undefined) return peers.close();
      // Who was told of an end tells nobody.
      return peers.lost.aborted ? peers.close() : peers.fail(error.message.split('\n')[0]!);
    },
  };
  return together;
}
