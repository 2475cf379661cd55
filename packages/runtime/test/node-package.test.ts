import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { built, start } from './run-node.js';

test('tfjs-node-gpu of a folder where a program from elsewhere is run, which has its own TensorFlow.js, is not taken', async () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'toco-test-')));
  try {
    const program = `import { findNodePackage } from ${JSON.stringify(built('node-package.js'))}; console.log(findNodePackage());`;
    const found = async (cwd?: string): Promise<string> =>
      (await start(process.execPath, ['--input-type=module', '-e', program], {}, cwd).ended).stdout.trim();
    for (const name of ['tfjs-node-gpu', 'tfjs', 'tfjs-core']) {
      const path = join(folder, 'node_modules/@tensorflow', name);
      mkdirSync(path, { recursive: true });
      writeFileSync(
        join(path, 'package.json'),
        JSON.stringify({ name: `@tensorflow/${name}`, version: '4.22.0' }),
      );
      writeFileSync(join(path, 'index.js'), '');
    }
    const own = await found();
    expect(own).toMatch(/tfjs-node-gpu/);
    expect(await found(folder)).toBe(own);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
