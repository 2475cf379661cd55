import { expect, test } from '@jest/globals';
import { tinyBackbone, tinyConfig, toco } from './run-toco.js';

const tiny = ['config', '--config', tinyConfig, '--set', `backbone.module=${tinyBackbone}`];

test('config --parameters lists paths as the configuration takes them, and what is not trained', async () => {
  const { status, stdout, stderr } = await toco([
    ...tiny,
    'network.frozen=[encoder.blocks.0]',
    '--parameters',
  ]);
  expect({ status, stderr: stderr.includes('Error') }).toEqual({ status: 0, stderr: false });
  const lines = stdout.trimEnd().split('\n');
  expect(lines).toContain('classifier.weight');
  const first = lines.filter((line) => line.startsWith('encoder.blocks.0.'));
  expect(first.length).toBeGreaterThan(5);
  for (const line of first) expect(line).toMatch(/ \(not trained\)$/);
  expect(lines).toContain(first[0]!.replace('blocks.0', 'blocks.1').replace(' (not trained)', ''));
});

test('without it, the configuration with its defaults', async () => {
  const { status, stdout } = await toco([...tiny, 'seed=7']);
  expect(status).toBe(0);
  expect(stdout).toMatch(/^seed: 7$/m);
});
