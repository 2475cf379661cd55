import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { devicesOf, ownGpu } from '../../src/cluster/own-gpu.js';
import { built, runNode } from '../run-node.js';

const four = ['GPU-aa01', 'GPU-bb02', 'GPU-cc03', 'GPU-dd04'];
const onHosts = (hosts: string, rank: number) => ({
  addresses: [...hosts].map((host, i) => `${host}:${2222 + i}`),
  rank,
});

test('the devices that count are those before the first that is none', () => {
  expect(devicesOf('4, GPU-1f22 ,MIG-7')).toEqual(['4', 'GPU-1f22', 'MIG-7']);
  expect(devicesOf('0,1,-1,2')).toEqual(['0', '1']);
  expect([devicesOf(''), devicesOf('-1')]).toEqual([[], []]);
});

test('processes of one host take one GPU each, by their place on it', () => {
  const taken = (visible: string | undefined) =>
    [0, 1, 2, 3, 4].map((rank) => ownGpu(onHosts('aabba', rank), { visible, ids: four }));
  expect(taken(undefined)).toEqual(
    ['GPU-aa01', 'GPU-bb02', 'GPU-aa01', 'GPU-bb02', 'GPU-cc03'].map((id) => ({ visible: id, id })),
  );
  expect(taken('1,3,2')).toEqual([
    { visible: '1', id: 'GPU-bb02' },
    { visible: '3', id: 'GPU-dd04' },
    { visible: '1', id: 'GPU-bb02' },
    { visible: '3', id: 'GPU-dd04' },
    { visible: '2', id: 'GPU-cc03' },
  ]);
});

test.each([
  [
    'a process alone on its host keeps what it sees, and takes the first',
    'abcd',
    undefined,
    four,
    { id: 'GPU-aa01' },
  ],
  ['one that was given a GPU keeps it', 'aaaa', '2', four, { id: 'GPU-cc03' }],
  ['so does one whose GPU has a short name', 'aaaa', 'GPU-bb', four, { id: 'GPU-bb02' }],
  ['in a container that has one', 'aaaa', undefined, ['GPU-cc03'], { visible: 'GPU-cc03', id: 'GPU-cc03' }],
  ['none is to be used', 'aaaa', '-1', four, {}],
  ['nobody knows of any', 'aaaa', undefined, [], {}],
  ['they are named and nobody knows them', 'aaaa', '7,8,9,10', [], { visible: '7' }],
] as const)('%s', (_, hosts, visible, ids, expected) => {
  expect(ownGpu(onHosts(hosts, 0), { visible, ids })).toEqual(expected);
});

test('GPUs for some of the processes are refused', () => {
  expect(() => ownGpu(onHosts('aaaaa', 4), { visible: undefined, ids: four })).toThrow(
    'a has 4 GPUs for 5 processes: start as many processes as GPUs, or set CUDA_VISIBLE_DEVICES=-1 to train on the processor.',
  );
  expect(() => ownGpu(onHosts('aaa', 0), { visible: '0,1', ids: four })).toThrow(
    'a has 2 GPUs (CUDA_VISIBLE_DEVICES=0,1) for 3 processes',
  );
});

test("TensorFlow is loaded with a process's own GPU", async () => {
  const folder = mkdtempSync(join(tmpdir(), 'toco-own-gpu-'));
  try {
    const listing = `#!/bin/sh\ncase "$*" in *uuid*) printf '${four.join('\\n')}\\n';; *) exit 1;; esac\n`;
    writeFileSync(join(folder, 'nvidia-smi'), listing, { mode: 0o755 });
    const { stdout, stderr } = await runNode(
      `
      import { initBackend } from ${JSON.stringify(built('index.js'))};
      const cluster = { addresses: ['a:1', 'b:2', 'b:3'], rank: 2 };
      const { device, gpu } = await initBackend({ backend: 'tensorflow', cluster, print: () => {} });
      // There is no such GPU, so it computes on the processor.
      console.log(process.env.CUDA_VISIBLE_DEVICES, device, gpu);
      `,
      { PATH: `${folder}${delimiter}${process.env['PATH']}`, CUDA_VISIBLE_DEVICES: undefined },
    );
    expect({ stdout, stderr }).toEqual({ stdout: 'GPU-bb02 cpu undefined\n', stderr: '' });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
