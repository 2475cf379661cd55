import { UserError } from '@toco/files';
type Environment = Readonly<Record<string, string | undefined>>;

/** What a scheduler tells one of its tasks. */
export interface Scheduler {
  readonly name: string;
  /** Index from 0 and, where it is told, the number of tasks; undefined where this is no task of it. */
  readonly tells: (environment: Environment) => { index: number; count: number | undefined } | undefined;
}

function whole(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/** A scheduler whose tasks count from 0, or its arrays do where they are submitted so. */
function counted(name: string, index: string, count?: string): Scheduler {
  return {
    name,
    tells: (environment) => {
      const at = whole(environment[index]);
      if (at === undefined) return undefined;
      return { index: at, count: count === undefined ? undefined : whole(environment[count]) };
    },
  };
}

/** Arrays of tasks whose ids are `first, first + step, … last`. */
function ranged(
  name: string,
  keys: Readonly<Record<'id' | 'first' | 'last' | 'step', string> & { count?: string }>,
): Scheduler {
  return {
    name,
    tells: (environment) => {
      const [id, first, last] = [keys.id, keys.first, keys.last].map((key) => whole(environment[key]));
      const step = whole(environment[keys.step]) ?? 1;
      if (id === undefined || first === undefined || last === undefined || step === 0) return undefined;
      const count = Math.floor((last - first) / step) + 1;
      const told = keys.count === undefined ? undefined : whole(environment[keys.count]);
      if (told !== undefined && told !== count)
        throw new UserError(
          `${name}: ids from ${first} to ${last} in steps of ${step} are not the ${told} of the array; give it ids without gaps, such as 0-${told - 1}.`,
        );
      return { index: (id - first) / step, count };
    },
  };
}

/** LSF's arrays of jobs, whose first id is not told: they begin with 1. */
const lsf: Scheduler = {
  name: 'LSF job array',
  tells: (environment) => {
    const id = whole(environment['LSB_JOBINDEX']);
    const step = whole(environment['LSB_JOBINDEX_STEP']) ?? 1;
    const last = whole(environment['LSB_JOBINDEX_END']);
    // Outside of arrays the id is 0.
    if (id === undefined || id === 0 || step === 0) return undefined;
    const index = (id - 1) / step;
    if (!Number.isInteger(index))
      throw new UserError(
        `LSF job array: its ids, ${id} in steps of ${step}, don't begin with 1; submit it with ids such as [1-8].`,
      );
    return { index, count: last === undefined || last === 0 ? undefined : Math.floor((last - 1) / step) + 1 };
  },
};

/** Arrays of jobs come first: within one of their tasks there may be ranks too. */
export const schedulers: readonly Scheduler[] = [
  ranged('Slurm job array', {
    id: 'SLURM_ARRAY_TASK_ID',
    first: 'SLURM_ARRAY_TASK_MIN',
    last: 'SLURM_ARRAY_TASK_MAX',
    step: 'SLURM_ARRAY_TASK_STEP',
    count: 'SLURM_ARRAY_TASK_COUNT',
  }),
  ranged('Grid Engine', {
    id: 'SGE_TASK_ID',
    first: 'SGE_TASK_FIRST',
    last: 'SGE_TASK_LAST',
    step: 'SGE_TASK_STEPSIZE',
  }),
  lsf,
  counted('PBS job array', 'PBS_ARRAY_INDEX'),
  counted('Kubernetes indexed job', 'JOB_COMPLETION_INDEX'),
  counted('AWS Batch', 'AWS_BATCH_JOB_ARRAY_INDEX', 'AWS_BATCH_JOB_ARRAY_SIZE'),
  counted('Cloud Run job', 'CLOUD_RUN_TASK_INDEX', 'CLOUD_RUN_TASK_COUNT'),
  counted('Open MPI', 'OMPI_COMM_WORLD_RANK', 'OMPI_COMM_WORLD_SIZE'),
  counted('MPICH or Intel MPI', 'PMI_RANK', 'PMI_SIZE'),
  counted('torchrun', 'RANK', 'WORLD_SIZE'),
  counted('srun', 'SLURM_PROCID', 'SLURM_NTASKS'),
];
