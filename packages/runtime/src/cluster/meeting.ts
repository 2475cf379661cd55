import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '@toco/files';
import { type Cluster, nameOf, splitAddress } from './cluster.js';
import { lineChannel, type LineChannel, type LineListener } from './line-channel.js';

/** How processes wait for one another. */
export interface MeetingOptions {
  /** How long, in seconds. */
  readonly seconds: number;
  readonly print: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** The connections of one process: the leader's to all others, another's to the leader. */
export type Connections = ReadonlyMap<number, Connection>;

/** A connection, whose listener changes once all have met. */
export interface Connection {
  readonly channel: LineChannel;
  readonly listener: LineListener;
  /** What came with the last word of the meeting. */
  readonly early: Readonly<Record<string, unknown>>[];
}

/** What a process says first. */
interface Hello {
  readonly toco: 1;
  readonly rank: number;
  readonly addresses: readonly string[];
}

/** What a message says hello with; undefined where it is no such. */
function helloOf({ toco, rank, addresses }: Readonly<Record<string, unknown>>): Hello | undefined {
  const known = toco === 1 && Number.isInteger(rank) && Array.isArray(addresses);
  return known ? { toco, rank: rank as number, addresses: addresses as string[] } : undefined;
}

const everySecond = 1000;

/**
 * Where the leader meets the others: on its own port, before the reductions take that one. Connections outlive the listener,
 * so no second port is needed.
 *
 * @throws one line where someone does not come in time, is told another cluster, or has the rank of another
 */
export async function meetOthers(cluster: Cluster, options: MeetingOptions): Promise<Connections> {
  const { addresses } = cluster;
  const { seconds, print, signal } = options;
  const { port } = splitAddress(addresses[0]!);
  const met = new Map<number, Connection>();
  let fault: string | undefined;
  const refuse = (channel: LineChannel, line: string): void => {
    channel.send({ refused: line });
    fault ??= line;
  };
  const greet = (socket: Socket): void => {
    let rank: number | undefined;
    const listener: LineListener = {
      onMessage(message) {
        const hello = helloOf(message);
        if (hello === undefined || rank !== undefined) return;
        const from = socket.remoteAddress ?? '?';
        if (hello.addresses.join() !== addresses.join()) {
          refuse(
            channel,
            `The processes are told different clusters: rank 0 knows ${addresses.join(', ')}, rank ${hello.rank} at ${from} ${hello.addresses.join(', ')}.`,
          );
        } else if (hello.rank === 0 || met.has(hello.rank)) {
          refuse(
            channel,
            `Two processes say that they are ${nameOf(cluster, hello.rank)}, one of them at ${from}.`,
          );
        } else {
          rank = hello.rank;
          met.set(rank, { channel, listener, early: [] });
        }
      },
      onClose() {
        if (rank !== undefined) met.delete(rank);
      },
    };
    const channel = lineChannel(socket, listener);
  };
  const server = await listening(port, greet, addresses[0]!);
  try {
    const began = performance.now();
    for (let round = 0; met.size < addresses.length - 1 && fault === undefined; round++) {
      signal?.throwIfAborted();
      const missing = addresses.flatMap((_, rank) =>
        rank === 0 || met.has(rank) ? [] : [nameOf(cluster, rank)],
      );
      if (performance.now() - began > seconds * 1000) {
        fault = `After ${seconds} s, ${missing.join(', ')} ${missing.length === 1 ? 'has' : 'have'} not come: check that all processes are started, their names and the firewall.`;
        break;
      }
      if (round === 50) print(`Waiting for ${missing.join(', ')} …`);
      // Whoever waits hears that this process does.
      if (round % 50 === 0) for (const { channel } of met.values()) channel.send({ beat: 1 });
      await sleep(100);
    }
  } catch (error) {
    fault = 'rank 0 was interrupted';
    throw error;
  } finally {
    server.close();
    const last = fault === undefined ? { welcome: 1 } : { refused: fault };
    for (const { channel } of met.values()) channel.send(last);
    if (fault !== undefined) await Promise.all([...met.values()].map(({ channel }) => channel.end()));
  }
  if (fault !== undefined) throw new UserError(fault);
  return met;
}

async function listening(port: number, greet: (socket: Socket) => void, address: string): Promise<Server> {
  for (let attempt = 0; ; attempt++) {
    const server = createServer(greet);
    const error = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
      server.once('error', resolve).listen(port, () => {
        resolve(undefined);
      });
    });
    if (error === undefined) return server;
    // The process before may be about to end.
    if (attempt === 20)
      throw new UserError(
        `Rank 0 can't listen at ${address} (${error.code ?? error.message}): give it a free port.`,
      );
    await sleep(everySecond / 2);
  }
}

/**
 * Goes to meet the leader.
 *
 * @throws one line where it can't be reached in time, or what it refuses
 */
export async function meetLeader(
  cluster: Cluster,
  { seconds, print, signal }: MeetingOptions,
): Promise<Connections> {
  const { addresses, rank } = cluster;
  const began = performance.now();
  for (let round = 0; ; round++) {
    signal?.throwIfAborted();
    const result = await tryLeader({ toco: 1, rank, addresses }, signal);
    if (typeof result !== 'string') return new Map([[0, result]]);
    if (performance.now() - began > seconds * 1000)
      throw new UserError(
        `${nameOf(cluster, rank)} could not reach ${nameOf(cluster, 0)} in ${seconds} s (${result}): check that it runs, its name and the firewall.`,
      );
    if (round === 5) print(`Waiting for ${nameOf(cluster, 0)} (${result}) …`);
    await sleep(everySecond, undefined, { signal }).catch(() => signal?.throwIfAborted());
  }
}

/** Says hello; resolves when all are there, or to why this did not come to be. @throws what the leader refuses */
function tryLeader(hello: Hello, signal: AbortSignal | undefined): Promise<string | Connection> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...splitAddress(hello.addresses[0]!), timeout: 10_000 });
    socket.once('timeout', () => socket.destroy(new Error('no answer')));
    // A leader that waits for others says so every few seconds, so silence means that it is gone.
    socket.once('connect', () => {
      socket.setTimeout(60_000);
      channel.send(hello);
    });
    const listener: LineListener = {
      onMessage(message) {
        if ('refused' in message) {
          void channel.end();
          reject(new UserError(String(message['refused'])));
        }
        if (!('welcome' in message)) return;
        socket.setTimeout(0);
        signal?.removeEventListener('abort', interrupt);
        const early: Connection['early'] = [];
        listener.onMessage = (next) => void early.push(next);
        resolve({ channel, listener, early });
      },
      onClose: (why) => {
        resolve(why);
      },
    };
    const channel = lineChannel(socket, listener);
    const interrupt = (): void => void socket.destroy();
    signal?.addEventListener('abort', interrupt, { once: true });
  });
}
