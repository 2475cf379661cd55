import { counted, UserError } from '@toco/files';
import { type Cluster, splitAddress } from './cluster.js';

/** The GPUs of a host, as far as a process may use them. */
export interface HostGpus {
  /** `CUDA_VISIBLE_DEVICES` of the process. */
  readonly visible: string | undefined;
  /** What tells all of them apart, in the order of their indices; empty where nobody knows. */
  readonly ids: readonly string[];
}

/** The GPU that a process of a cluster computes on, if it finds it. */
export interface OwnGpu {
  /** What its `CUDA_VISIBLE_DEVICES` must be; undefined: what it is. */
  readonly visible?: string;
  /** What tells it apart from all others; undefined where nobody knows. */
  readonly id?: string;
}

/** The devices that `CUDA_VISIBLE_DEVICES` names, as CUDA reads it: what comes after the first that is none does not count. */
export function devicesOf(visible: string): string[] {
  const names = visible.split(',').map((name) => name.trim());
  const end = names.findIndex((name) => name === '' || name === '-1');
  return end < 0 ? names : names.slice(0, end);
}

/**
 * The GPU of one process of a cluster. Where several of its processes run on a host and each could have one of its own (as by
 * `TF_CONFIG`, or by Slurm's `--gres`), each takes that of its place among them: every process would take the first one otherwise,
 * and NCCL refuses two on one.
 *
 * @throws one line where several devices are there, but not one for each
 */
export function ownGpu({ addresses, rank }: Cluster, { visible, ids }: HostGpus): OwnGpu {
  const hosts = addresses.map((address) => splitAddress(address).host);
  const host = hosts[rank]!;
  const place = hosts.slice(0, rank).filter((other) => other === host).length;
  const processes = hosts.filter((other) => other === host).length;
  const names = visible === undefined ? ids : devicesOf(visible);
  if (names.length > 1 && names.length < processes)
    throw new UserError(
      `${host} has ${counted(names.length, 'GPU')}${visible === undefined ? '' : ` (CUDA_VISIBLE_DEVICES=${visible})`} for ${processes} processes: start as many processes as GPUs, or set CUDA_VISIBLE_DEVICES=-1 to train on the processor.`,
    );
  // One alone is this process's, whoever chose it: in a container the others may have others.
  const own = names.length < 2 || processes === 1 ? names[0] : names[place];
  const id = own === undefined ? undefined : /^\d+$/.test(own) ? ids[Number(own)] : own;
  return {
    ...(own !== undefined && own !== visible && processes > 1 && { visible: own }),
    ...(id !== undefined && { id: ids.find((each) => each.startsWith(id)) ?? id }),
  };
}
