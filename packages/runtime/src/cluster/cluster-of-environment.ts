import { UserError } from '@toco/files';
import { type Cluster, isAddress } from './cluster.js';
import { expandCounts, expandHostList } from './host-list.js';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The processes that train together, as whoever started this one says: `TF_CONFIG` (Kubernetes, Kubeflow, Vertex AI, `toco launch`),
 * else Slurm's variables of a step with several tasks; undefined where this process is alone.
 *
 * @throws one line where what is said makes no sense
 * @example
 * await train(config, { folder, cluster: clusterOfEnvironment(process.env) });
 */
export function clusterOfEnvironment(environment: Environment): Cluster | undefined {
  const found = ofTensorFlow(environment) ?? ofSlurm(environment);
  return found && found.addresses.length > 1 ? found : undefined;
}

/** In the order of ranks: the first one leads. */
const roles = ['chief', 'master', 'worker'];

function ofTensorFlow({ TF_CONFIG: text }: Environment): Cluster | undefined {
  if (!text) return undefined;
  const refuse = (what: string): never => {
    throw new UserError(`TF_CONFIG: ${what}; correct it, or unset it to train in one process.`);
  };
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return refuse('is no JSON');
  }
  if (!isObject(parsed)) return refuse('is no object');
  const { cluster = {}, task } = parsed;
  if (!isObject(cluster)) return refuse('"cluster" is no object');
  const tasks = roles.flatMap((type) => {
    const listed = cluster[type] ?? [];
    // Kubeflow's sparse form maps indices to addresses, the usual one lists them.
    if (!isObject(listed) && !Array.isArray(listed)) return refuse(`"${type}" is no list of addresses`);
    return Object.entries(listed as Record<string, unknown>).map(([index, address]) => ({
      type,
      index: Number(index),
      address,
    }));
  });
  const wrong = tasks.find(({ address }) => !isAddress(address));
  if (wrong)
    refuse(
      `${wrong.type} ${wrong.index} is at ${JSON.stringify(wrong.address)}, which is not of the form host:port`,
    );
  const addresses = tasks.map(({ address }) => address as string);
  const twice = addresses.find((address, i) => addresses.indexOf(address) < i);
  if (twice !== undefined) refuse(`two processes are at ${twice}`);
  if (!isObject(task) || task['type'] === undefined) {
    if (addresses.length <= 1) return undefined;
    return refuse(
      `does not say which of ${addresses.length} processes this is, such as "task": {"type": "worker", "index": 0}`,
    );
  }
  const [type, index] = [inWords(task['type']), inWords(task['index'])];
  if (!roles.includes(type))
    refuse(`makes this process the ${type}, and every process of a run is a worker (or the chief)`);
  const rank = tasks.findIndex((each) => each.type === type && String(each.index) === index);
  if (rank < 0 && addresses.length > 0) refuse(`the cluster has no ${type} ${index}`);
  return { addresses, rank };
}

/** A value of JSON as a message shows it. */
function inWords(value: unknown): string {
  return typeof value === 'string' ? value : String(JSON.stringify(value));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Jobs may share a node, so the port follows from the job. */
const firstPort = 20_000;

function ofSlurm(environment: Environment): Cluster | undefined {
  const { SLURM_PROCID: id, SLURM_STEP_NODELIST: nodes, SLURM_STEP_TASKS_PER_NODE: perNode } = environment;
  if (id === undefined || nodes === undefined || perNode === undefined) return undefined;
  const counts = expandCounts(perNode);
  const hosts = expandHostList(nodes);
  const base = firstPort + (Number(environment['SLURM_JOB_ID'] ?? 0) % 10_000);
  const addresses = hosts.flatMap((host, i) =>
    Array.from({ length: counts[i] ?? 0 }, (_, local) => `${host}:${base + local}`),
  );
  const rank = Number(id);
  const [address, own] = [addresses[rank], environment['SLURMD_NODENAME']];
  if (address === undefined)
    throw new UserError(
      `Slurm says that this is task ${id} of ${addresses.length} (${nodes}, ${perNode}): start it with srun.`,
    );
  if (own !== undefined && !address.startsWith(`${own}:`))
    throw new UserError(
      `Slurm runs task ${id} on ${own}, not on ${address.replace(/:\d+$/, '')}: start the step with --distribution=block.`,
    );
  return { addresses, rank };
}
