import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '@toco/files';
import type { Cluster } from './cluster.js';

/** TensorFlow sees a broken connection first; who watches over the processes knows the reason this much later, in ms. */
const grace = 2000;

/**
 * The error that a call ends with whose reduction failed: the reason that the cluster's signal gives, or else one line of what
 * TensorFlow says; other errors as they are.
 */
export async function lostPeer(error: Error, cluster: Cluster): Promise<Error> {
  const said = reductionFailure(error.message, cluster);
  if (said === undefined) return error;
  const { lost } = cluster;
  if (lost && !lost.aborted) {
    const waiting = new AbortController();
    const end = (): void => {
      waiting.abort();
    };
    lost.addEventListener('abort', end, { once: true });
    await sleep(grace, undefined, { signal: waiting.signal }).catch(() => undefined);
    lost.removeEventListener('abort', end);
  }
  if (lost?.aborted && lost.reason instanceof Error) return lost.reason;
  return new UserError(said, { cause: error });
}

/** One line for what TensorFlow says of a reduction that failed; `undefined` for what is none. */
export function reductionFailure(message: string, { addresses, rank }: Cluster): string | undefined {
  const ring = /TocoAllReduce: (.*)/.exec(message)?.[1];
  if (ring !== undefined) return `Rank ${rank}${ring.startsWith('lost ') ? ' ' : ': '}${ring}`;
  if (!/Collective ops is aborted|CollectiveReduceV2/.test(message)) return undefined;
  const aborted = /Collective ops is aborted by: (.*?)(?: *The error could be|\n|$)/.exec(message)?.[1];
  if (aborted !== undefined && !/grpc|Socket|Connection/.test(aborted)) return `Rank ${rank}: ${aborted}`;
  const task = /remote target \/job:worker\/replica:0\/task:(\d+)/.exec(message)?.[1];
  const who = task === undefined ? 'another process' : `rank ${task} (${addresses[Number(task)]})`;
  const why = /grpc_message:"([^"]*)"/.exec(message)?.[1] ?? message.split('\n')[0]!;
  return `Rank ${rank} lost ${who} in a reduction: ${why}`;
}
