import { existsSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { gpusOf } from '../src/launch/launch.js';
import { inTemporaryFolder, tinyRun, toco } from './run-toco.js';

test('each process gets a GPU of its own, by number unless they are named', () => {
  expect(gpusOf(undefined, 3, 8)).toEqual(['0', '1', '2']);
  expect(gpusOf(undefined, 3, 0)).toEqual(['0', '1', '2']);
  expect(gpusOf('4,6,7', 2, 8)).toEqual(['4', '6']);
  expect(gpusOf('GPU-8932f937, GPU-1f22', 2, 8)).toEqual(['GPU-8932f937', 'GPU-1f22']);
});

test.each(['', '-1', '-1,0'])('none is named by %j: all train on the processor', (visible) => {
  expect(gpusOf(visible, 2, 1)).toEqual(['-1', '-1']);
});

test.each([
  ['0', 2, 'CUDA_VISIBLE_DEVICES=0 names 1 device, and --processes is 2: name one for each process'],
  ['0,1,-1,2', 4, 'names 2 devices, and --processes is 4'],
])('%s is too few for %d processes', (visible, processes, line) => {
  expect(() => gpusOf(visible, processes, 8)).toThrow(line);
});

test('more processes than GPUs are refused, on a host where nvidia-smi lists them', async () => {
  await inTemporaryFolder(async (folder) => {
    writeFileSync(join(folder, 'nvidia-smi'), '#!/bin/sh\necho GPU-1\n', { mode: 0o755 });
    const out = join(folder, 'run');
    const { CUDA_VISIBLE_DEVICES: _, ...rest } = process.env;
    const { status, stderr } = await toco(['launch', '-p', '2', 'train', ...tinyRun, '--out', out], {
      env: { ...rest, PATH: `${folder}${delimiter}${process.env['PATH']}` },
    });
    expect(stderr).toBe(
      'This host has 1 GPU, and --processes is 2: start as many processes as GPUs, or set CUDA_VISIBLE_DEVICES=-1 to train on the processor.\n',
    );
    expect(status).toBe(1);
    expect(existsSync(out)).toBe(false);
  });
});

const slurm = { SLURM_PROCID: '0', SLURM_STEP_NODELIST: 'a,b', SLURM_STEP_TASKS_PER_NODE: '1(x2)' };

test.each([
  [['0', 'train'], {}, '--processes 0: give a whole number, 1 or more.'],
  [['2.5', 'train'], {}, '--processes 2.5: give a whole number, 1 or more.'],
  [['100000', 'train'], {}, '--processes 100000: this host has '],
  [
    ['2', 'evaluate', 'runs/voc'],
    {},
    'toco launch evaluate: processes train together, so the command is train;',
  ],
  [['2', 'launch', '-p', '2', 'train'], {}, 'toco launch launch: processes train together'],
  [['2', 'train'], { TF_CONFIG: '{}' }, 'TF_CONFIG is set: where something else starts the processes'],
  [['2', 'train'], slurm, 'Slurm runs this in 2 tasks: run "toco train" in each'],
])('launch --processes %j is refused in a line', async (args, env, line) => {
  const { status, stderr } = await toco(['launch', '--processes', ...args], { env });
  expect(stderr).toContain(line);
  expect(stderr.trimEnd()).not.toContain('\n');
  expect(status).toBe(1);
});
