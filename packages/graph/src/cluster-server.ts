import { UserError } from '@toco/files';
import { messageBytes } from '@toco/formats';
import { type CApi, checked, type Pointer } from './capi.js';
import type { Cluster } from './cluster.js';

/** TensorFlow's name of a process. */
const taskName = (rank: number): string => `/job:worker/replica:0/task:${rank}`;

/** What `ConfigProto` says of a cluster: experimental.collective_group_leader. */
export function clusterConfig(): (readonly [number, Uint8Array])[] {
  return [[16, messageBytes([[1, taskName(0)]])]];
}

/** The bytes of TensorFlow's `ServerDef`; `config` are those of a `ConfigProto`, from which the server makes its own devices. */
function serverDefinition({ addresses, rank }: Cluster, config: Uint8Array): Uint8Array {
  const tasks = addresses.map(
    (address, i) =>
      [
        2,
        messageBytes([
          [1, i],
          [2, address],
        ]),
      ] as const,
  );
  return messageBytes([
    [1, messageBytes([[1, messageBytes([[1, 'worker'], ...tasks])]])],
    [2, 'worker'],
    [3, rank],
    [4, config],
    [5, 'grpc'],
  ]);
}

/**
 * Starts TensorFlow's gRPC server of this process within a context. It waits for nobody, and runs until the process ends.
 *
 * @throws where its port is taken
 */
export function startServer(
  api: CApi,
  context: Pointer,
  { cluster, config }: { readonly cluster: Cluster; readonly config: Uint8Array },
): void {
  const definition = serverDefinition(cluster, config);
  const where = `TensorFlow's server of rank ${cluster.rank} at ${cluster.addresses[cluster.rank]} can't be started`;
  try {
    checked(api, where, (status) => {
      api.TFE_EnableCollectiveOps(context, definition, definition.length, status);
    });
  } catch (error) {
    throw new UserError(`${(error as Error).message}; give it a free port, and each process one cluster.`);
  }
}

/** TF_UNAVAILABLE of `TF_Code`. */
const unavailable = 14;

/** Ends all reductions of a context, those to come too, with an error that says why; others who wait for them hear it. */
export function abortReductions(api: CApi, context: Pointer, why: string): void {
  const status = api.TF_NewStatus();
  try {
    api.TF_SetStatus(status, unavailable, why);
    api.TFE_AbortCollectiveOps(context, status);
  } finally {
    api.TF_DeleteStatus(status);
  }
}
