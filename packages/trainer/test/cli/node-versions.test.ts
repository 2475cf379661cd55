import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { inTemporaryFolder, tinyRun, toco } from './run-toco.js';

// Node itself comes as npm packages for linux-x64; everything else is tested on the Node that runs the tests.
test.each(['node-22', 'node-24'])(
  'the command takes a training step on %s',
  async (name) => {
    const node = fileURLToPath(new URL(`../../node_modules/${name}/bin/node`, import.meta.url));
    if (!existsSync(node)) {
      console.warn(`skipped: ${name} has no program for this platform`);
      return;
    }
    await inTemporaryFolder(async (folder) => {
      const settings = ['--set', 'run.stopAfter=1', 'evaluation.limit=1', 'data.workers=1'];
      const outcome = await toco(['train', ...tinyRun, ...settings, '--out', join(folder, 'run')], { node });
      expect(outcome).toMatchObject({ status: 0 });
      expect(outcome.stderr).toMatch(/iteration 1: mIoU of CAM/);
      expect(outcome.stderr).not.toMatch(/Deprecation|DEP0/);
    });
  },
  90_000,
);
