import { expect, test } from '@jest/globals';
import { clusterOfEnvironment } from '../../src/cluster/cluster-of-environment.js';
import { expandCounts, expandHostList } from '../../src/cluster/host-list.js';

const config = (cluster: object, type: string, index: number | string) => ({
  TF_CONFIG: JSON.stringify({ cluster, task: { type, index } }),
});

test('TF_CONFIG: the chief leads, workers follow; indices may be text, lists sparse', () => {
  const cluster = { worker: ['b:1', 'c:1'], chief: ['a:1'] };
  const addresses = ['a:1', 'b:1', 'c:1'];
  expect(clusterOfEnvironment(config(cluster, 'chief', 0))).toEqual({ addresses, rank: 0 });
  expect(clusterOfEnvironment(config(cluster, 'worker', '1'))).toEqual({ addresses, rank: 2 });
  const sparse = { worker: { 0: 'a:1', 3: 'd:1' } };
  expect(clusterOfEnvironment(config(sparse, 'worker', 3))).toEqual({ addresses: ['a:1', 'd:1'], rank: 1 });
  const six = ['[fd00::1]:1', '[fd00::2]:1'];
  expect(clusterOfEnvironment(config({ worker: six }, 'worker', 1))).toEqual({ addresses: six, rank: 1 });
});

test('a process without others is alone', () => {
  expect(clusterOfEnvironment({})).toBeUndefined();
  expect(clusterOfEnvironment({ TF_CONFIG: '{}' })).toBeUndefined();
  expect(clusterOfEnvironment({ TF_CONFIG: '{"cluster":{},"environment":"cloud"}' })).toBeUndefined();
  expect(clusterOfEnvironment({ TF_CONFIG: '{"cluster":{"worker":["a:1"]}}' })).toBeUndefined();
  expect(clusterOfEnvironment(config({ worker: ['a:1'] }, 'worker', 0))).toBeUndefined();
  expect(
    clusterOfEnvironment({ SLURM_PROCID: '0', SLURM_STEP_NODELIST: 'a', SLURM_STEP_TASKS_PER_NODE: '1' }),
  ).toBeUndefined();
});

test.each([
  [{ TF_CONFIG: 'worker' }, /TF_CONFIG: is no JSON; correct it, or unset it/],
  [{ TF_CONFIG: 'null' }, /is no object/],
  [{ TF_CONFIG: '["a:1"]' }, /is no object/],
  [{ TF_CONFIG: '{"cluster":["a:1","b:1"]}' }, /"cluster" is no object/],
  [{ TF_CONFIG: '{"cluster":{"worker":"a:1,b:1"}}' }, /"worker" is no list of addresses/],
  [
    { TF_CONFIG: '{"cluster":{"worker":["a:1","b:1"]}}' },
    /does not say which of 2 processes this is, such as "task"/,
  ],
  [{ TF_CONFIG: '{"cluster":{"worker":["a:1","b:1"]},"task":{"type":"worker"}}' }, /has no worker undefined/],
  [config({ worker: ['a:1', 'b:1'] }, 'worker', ''), /the cluster has no worker ;/],
  [config({ worker: ['a:1', 'b:1'] }, 'worker', 1.5), /the cluster has no worker 1.5/],
  [config({ worker: ['a:1', 'b:1'] }, 'evaluator', 0), /makes this process the evaluator/],
  [config({ worker: ['a:1', 'b:65536'] }, 'worker', 0), /worker 1 is at "b:65536"/],
  [config({ worker: ['http://a:1', 'b:1'] }, 'worker', 0), /worker 0 is at "http:/],
  [config({ worker: ['a:1', 2] }, 'worker', 0), /worker 1 is at 2,/],
  [config({ worker: ['a:1', 'b:1'] }, 'ps', 0), /makes this process the ps/],
  [config({ worker: ['a:1', 'b:1'] }, 'worker', 2), /the cluster has no worker 2/],
  [config({ worker: ['a:1', 'b'] }, 'worker', 0), /worker 1 is at "b", which is not of the form host:port/],
  [config({ worker: ['a:1', 'a:1'] }, 'worker', 0), /two processes are at a:1/],
])('%j is refused', (environment, message) => {
  expect(() => clusterOfEnvironment(environment)).toThrow(message);
});

const slurm = {
  SLURM_JOB_ID: '123456',
  SLURM_STEP_NODELIST: 'gpu[09-10],login',
  SLURM_STEP_TASKS_PER_NODE: '2(x2),1',
};

test('Slurm: tasks of a step by nodes, ports by the job', () => {
  const addresses = ['gpu09:23456', 'gpu09:23457', 'gpu10:23456', 'gpu10:23457', 'login:23456'];
  const environment = { ...slurm, SLURM_PROCID: '3', SLURMD_NODENAME: 'gpu10' };
  expect(clusterOfEnvironment(environment)).toEqual({ addresses, rank: 3 });
  expect(() => clusterOfEnvironment({ ...environment, SLURMD_NODENAME: 'gpu09' })).toThrow(
    /Slurm runs task 3 on gpu09, not on gpu10: start the step with --distribution=block/,
  );
  expect(() => clusterOfEnvironment({ ...environment, SLURM_PROCID: '5' })).toThrow(/task 5 of 5/);
});

test('short forms of Slurm', () => {
  expect(expandHostList('a')).toEqual(['a']);
  expect(expandHostList('a[1-2]b[08,10-11],c')).toEqual([
    'a1b08',
    'a1b10',
    'a1b11',
    'a2b08',
    'a2b10',
    'a2b11',
    'c',
  ]);
  expect(expandCounts('2(x3),1')).toEqual([2, 2, 2, 1]);
});
