import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { optionsOf } from '../src/options.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const file = fileURLToPath(import.meta.url);

test('defaults, and what is said', () => {
  const { table, figure, preset, seeds, out, set } = optionsOf(['--table', '4'])!;
  expect([table?.number, figure, preset.name, seeds, out, set]).toEqual([
    ...[4, undefined, 'scenes', [0], 'runs/scenes', []],
  ]);
  const words = [
    '--figure',
    '2',
    '--preset',
    'voc',
    '--data',
    here,
    '--seeds',
    '0,1,2',
    '--set',
    'cam.low=0.2',
  ];
  const said = optionsOf([...words, '--iterations', '30', '--out', 'x', '--set', 'batchSize=2'])!;
  expect(said).toMatchObject({ data: here, seeds: [0, 1, 2], iterations: 30, out: 'x' });
  expect([said.figure?.number, said.preset.name, said.set]).toEqual([
    2,
    'voc',
    ['cam.low=0.2', 'batchSize=2'],
  ]);
  expect(optionsOf(['--help'])).toBeUndefined();
});

test.each([
  [[], /^Name one of --table and --figure/],
  [['--table', '4', '--figure', '2'], /^Name one of --table and --figure/],
  [['--table', '6'], /^--table 6: choose among 1, 2, 3, 4, 5\.$/],
  [['--figure', '3'], /^--figure 3: choose among 1, 2, 5, 6, 7\.$/],
  [
    ['--table', '4', '--preset', 'cityscapes'],
    /^--preset cityscapes: choose among voc, coco, voc-mini, scenes\.$/,
  ],
  [['--table', '4', '--preset', 'voc'], /^--preset voc: name the folder of its data set with --data\.$/],
  [['--table', '4', '--preset', 'voc', '--data', '/nowhere'], /^--data \/nowhere: no such folder/],
  [['--table', '4', '--preset', 'voc', '--data', file], /^--data .*options\.test\.ts: no such folder/],
  [['--table', '4', '--data', here], /^--data .*: the preset scenes draws its images; leave it out, /],
  [
    ['--table', '4', '--out', file],
    /^--out .*options\.test\.ts: is a file, or lies below one; name a folder\.$/,
  ],
  [['--table', '4', '--out', `${file}/x`], /^--out .*\/x: is a file, or lies below one; name a folder\.$/],
  [['--table', '4', '--preset', 'voc', '--data', `${file}/x`], /^--data .*\/x: no such folder/],
  [['--table', '4', '--set', 'seed=1'], /^--set seed: [^\n]+; name seeds with --seeds\.$/],
  [['--table', '4', '--seeds', '0,x'], /^--seeds x: give a whole number, 0 or more\.$/],
  [['--table', '4', '--seeds', '1,1'], /^--seeds 1,1: names a seed twice/],
  [['--table', '4', '--iterations', '0'], /^--iterations 0: give a whole number, 1 or more\.$/],
  [['--set', 'a=1.5', 'b=2'], /^Unexpected argument 'b=2'.*; --help lists all options\.$/],
  [['--tabel', '4'], /^Unknown option '--tabel'.*; --help lists all options\.$/],
])('%j is one line that says what to do', (words, message) => {
  expect(() => optionsOf(words)).toThrow(message);
});
