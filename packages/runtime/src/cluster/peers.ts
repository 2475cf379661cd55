import { printLine, UserError } from '@toco/files';
import { type Cluster, nameOf } from './cluster.js';
import type { LineChannel } from './line-channel.js';
import { type Connections, meetLeader, meetOthers } from './meeting.js';

/** What {@link joinCluster} may be told. */
export interface JoinOptions {
  /** Seconds to wait for the other processes to come; default: `TOCO_JOIN_SECONDS`, else 600. */
  readonly joinSeconds?: number | undefined;
  /** Seconds after which a process that says nothing counts as lost; default: `TOCO_SILENCE_SECONDS`, else 120. */
  readonly silenceSeconds?: number | undefined;
  /** Takes a line about whom it waits for; default: stderr. */
  readonly print?: ((line: string) => void) | undefined;
  /** Ends the waiting. */
  readonly signal?: AbortSignal | undefined;
}

/** The other processes of a cluster, beside TensorFlow's own connections: who is there, and small values of each. */
export interface Peers extends Cluster {
  /** Aborts with one line that names the process that ended, failed or is silent. */
  readonly lost: AbortSignal;
  /** Aborts when a process has asked all to stop. */
  readonly asked: AbortSignal;
  /**
   * The values that all processes give, by rank. All must ask for the same things in the same order.
   *
   * @param what names it, the same in all of them
   * @param value anything that JSON holds
   * @throws the reason of {@link Peers.lost}
   */
  gather<T>(what: string, value: T): Promise<T[]>;
  /** Asks all processes to stop; each learns of it by {@link Peers.asked}. */
  ask(): void;
  /** Tells the others why this process ends. */
  fail(why: string): Promise<void>;
  /** Leaves without a word: the work is done. */
  close(): Promise<void>;
}

interface Gathering {
  readonly what: string;
  readonly values: Map<number, unknown>;
}

/**
 * Meets the other processes of a cluster and stays in touch with them until the end, through rank 0. None begins before all are
 * there; one that ends, fails or hangs is known to all others within `silenceSeconds`.
 *
 * @throws one line that names who did not come or is told another cluster
 * @example
 * const peers = await joinCluster(clusterOfEnvironment(process.env)!);
 * const compiled = await compile(step, { state, batch }, { cluster: peers }); // of @toco/graph
 * const hashes = await peers.gather('weights', hash);
 * await peers.close();
 */
export async function joinCluster(cluster: Cluster, options: JoinOptions = {}): Promise<Peers> {
  const { print = printLine, signal } = options;
  const seconds = options.joinSeconds ?? secondsOf('TOCO_JOIN_SECONDS', 600);
  const silence = 1000 * (options.silenceSeconds ?? secondsOf('TOCO_SILENCE_SECONDS', 120));
  const meet = cluster.rank === 0 ? meetOthers : meetLeader;
  return peersOf(cluster, await meet(cluster, { seconds, print, signal }), silence);
}

function secondsOf(name: string, usual: number): number {
  const text = process.env[name];
  if (text === undefined || text === '') return usual;
  if (Number(text) > 0) return Number(text);
  throw new UserError(`${name} is ${text}: give a number of seconds above 0.`);
}

function peersOf(cluster: Cluster, connections: Connections, silence: number): Peers {
  const { addresses, rank } = cluster;
  const leads = rank === 0;
  const [lost, asked] = [new AbortController(), new AbortController()];
  const gatherings: Gathering[] = [];
  const waiting = new Map<number, (values: unknown[]) => void>();
  let [turn, left] = [0, false];

  const tell = (message: object, except?: number): void => {
    for (const [peer, { channel }] of connections) if (peer !== except) channel.send(message);
  };
  const lose = (line: string, from?: number): void => {
    if (left || lost.signal.aborted) return;
    // The leader passes it on to those who have no connection to who is lost.
    if (leads) tell({ failed: line }, from);
    lost.abort(new UserError(line));
  };
  const note = (
    from: number,
    { what, turn: at, value }: { what: string; turn: number; value: unknown },
  ): void => {
    const gathering = (gatherings[at] ??= { what, values: new Map() });
    if (gathering.what !== what) {
      lose(`${nameOf(cluster, from)} is at "${what}", others at "${gathering.what}": a fault of toco.`);
      return;
    }
    gathering.values.set(from, value);
    if (gathering.values.size < addresses.length) return;
    const values = addresses.map((_, peer) => gathering.values.get(peer));
    Reflect.deleteProperty(gatherings, at);
    tell({ gathered: at, values });
    waiting.get(at)!(values);
  };
  for (const [peer, { listener, channel, early }] of connections) {
    channel.heard = performance.now();
    listener.onMessage = (message) => {
      if ('failed' in message) lose(String(message['failed']), peer);
      if ('gather' in message) note(peer, message['gather'] as Parameters<typeof note>[1]);
      if ('gathered' in message) waiting.get(message['gathered'] as number)?.(message['values'] as unknown[]);
      if ('done' in message) {
        listener.onClose = () => undefined;
        channel.heard = Infinity;
      }
      if ('ask' in message) {
        if (leads) tell({ ask: 1 }, peer);
        asked.abort(new UserError(`interrupted by ${nameOf(cluster, peer)} or another process`));
      }
    };
    listener.onClose = (why) => {
      lose(`${nameOf(cluster, peer)} was lost: ${why}.`);
    };
    for (const message of early) listener.onMessage(message);
    if (channel.closed !== undefined) listener.onClose(channel.closed);
  }
  const stop = watch(
    [...connections].map(([peer, { channel }]) => ({ peer, channel })),
    silence,
    (peer) => {
      lose(`${nameOf(cluster, peer)} was lost: it has said nothing for ${silence / 1000} s.`);
    },
  );
  const leave = async (last: object): Promise<void> => {
    if (left) return;
    left = true;
    stop();
    tell(last);
    await Promise.all([...connections.values()].map(({ channel }) => channel.end()));
  };
  return {
    ...{ addresses, rank, lost: lost.signal, asked: asked.signal },
    async gather<T>(what: string, value: T): Promise<T[]> {
      lost.signal.throwIfAborted();
      const at = turn++;
      const gathered = new Promise<unknown[]>((resolve, reject) => {
        const end = (): void => {
          reject(lost.signal.reason as Error);
        };
        lost.signal.addEventListener('abort', end, { once: true });
        waiting.set(at, (values) => {
          waiting.delete(at);
          lost.signal.removeEventListener('abort', end);
          resolve(values);
        });
      });
      if (leads) note(rank, { what, turn: at, value });
      else tell({ gather: { what, turn: at, value } });
      return (await gathered) as T[];
    },
    ask() {
      tell({ ask: 1 });
      asked.abort(new UserError('interrupted'));
    },
    fail: (why) => leave({ failed: `${nameOf(cluster, rank)}: ${why}` }),
    close: () => leave({ done: 1 }),
  };
}

/** Sends signs of life and looks for those of the others; gives back the way out. */
function watch(
  others: readonly { readonly peer: number; readonly channel: LineChannel }[],
  silence: number,
  onSilent: (peer: number) => void,
): () => void {
  const every = Math.min(10_000, silence / 6);
  let looked = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    // Where this process itself was held up, what the others sent meanwhile is still to be read.
    const wasAway = now - looked > 2 * every;
    looked = now;
    for (const { peer, channel } of others) {
      channel.send({ beat: 1 });
      if (wasAway) channel.heard = now;
      else if (now - channel.heard > silence) onSilent(peer);
    }
  }, every);
  timer.unref();
  return () => {
    clearInterval(timer);
  };
}
