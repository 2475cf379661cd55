import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { testWhere } from '@toco/testing';
import { inTemporaryFolder, tinyRun, toco } from './run-toco.js';

// Node itself comes as npm packages for linux-x64; everything else is tested on the Node that runs the tests.
for (const name of ['node-22', 'node-24']) {
  const node = fileURLToPath(new URL(`../../trainer/node_modules/${name}/bin/node`, import.meta.url));
  testWhere(
    test,
    process.platform === 'linux' && process.arch === 'x64' && existsSync(node),
    'no program for this platform',
  )(`the command takes a training step on ${name}`, async () => {
    await inTemporaryFolder(async (folder) => {
      const settings = ['--set', 'run.stopAfter=1', 'evaluation.limit=1', 'data.workers=1'];
      const outcome = await toco(['train', ...tinyRun, ...settings, '--out', join(folder, 'run')], {
        node,
      });
      expect(outcome).toMatchObject({ status: 0 });
      expect(outcome.stderr).toMatch(/iteration 1: mIoU of CAM/);
      expect(outcome.stderr).not.toMatch(/Deprecation|DEP0/);
    });
  });
}
