import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from '@toco/files';
import { start, type Ended } from './run-node.js';

let root: string;
let project: string;

/** Everything outside the workspace; the address that tfjs-node-gpu's install script would ask answers nothing. */
function run(command: string, ...args: string[]): Promise<Ended> {
  const environment = { TOCO_CACHE: join(root, 'cache'), TFJS_NODE_CDN_STORAGE: 'http://127.0.0.1:9/' };
  return start(command, args, environment, project).ended;
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'toco-packed-'));
  project = join(root, 'project');
  await mkdir(project);
  // The library itself comes from the cache, as it would on the second project of a machine.
  await mkdir(join(root, 'cache'));
  await symlink(join(cacheFolder(), 'engines'), join(root, 'cache', 'engines'));
  await writeFile(
    join(project, 'package.json'),
    JSON.stringify({ name: 'empty', version: '1.0.0', type: 'module' }),
  );
});
afterAll(() => rm(root, { recursive: true }));

test("an empty project installs the packed package, sets up, and runs the README's example", async () => {
  // With the package it stands on: neither is published yet.
  for (const name of ['runtime', 'files']) {
    const folder = fileURLToPath(new URL(`../../${name}`, import.meta.url));
    const packed = await start('pnpm', ['pack', '--pack-destination', root], {}, folder).ended;
    expect(packed).toMatchObject({ code: 0 });
  }
  const tarballs = readdirSync(root).filter((name) => name.endsWith('.tgz'));
  expect(tarballs).toHaveLength(2);

  const options = [
    '--ignore-scripts=false',
    '--no-audit',
    '--no-fund',
    '--fetch-timeout=30000',
    '--fetch-retries=3',
  ];
  const packages = [...tarballs.map((name) => join(root, name)), '@tensorflow/tfjs-core@4.22.0'];
  expect(await run('npm', 'install', ...options, ...packages)).toMatchObject({ code: 0 });
  expect(existsSync(join(project, 'node_modules/@tensorflow/tfjs-node-gpu'))).toBe(false);

  // The dense CRF needs neither setup nor TensorFlow.
  await writeFile(
    join(project, 'crf.js'),
    `import { nativeDenseCrf } from '@toco/runtime/crf';
     const options = { height: 1, width: 1, classes: 2, iterations: 2 };
     const kernels = { gaussian: { weight: 1, sigmaXy: 1 }, bilateral: { weight: 4, sigmaXy: 9, sigmaRgb: 9 } };
     const q = nativeDenseCrf(new Uint8Array(3), Float32Array.of(0.5, 0.5), { ...options, ...kernels });
     console.log(...q);`,
  );
  expect(await run('node', 'crf.js')).toMatchObject({ code: 0, stdout: '0.5 0.5\n' });

  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  await writeFile(join(project, 'main.js'), example);
  expect((await run('node', 'main.js')).stderr).toMatch(
    /UserError: tfjs-node-gpu is not in the cache any more: run "npx @toco\/runtime setup"/,
  );

  const installed = await run('npx', '@toco/runtime', 'setup', '--cpu');
  expect(installed.stderr).toMatch(
    /Downloading @tensorflow\/tfjs-node-gpu@4\.22\.0 with npm\n.*TensorFlow is ready: /,
  );
  const expected = { code: 0, stdout: 'gradient: 158 274 266 482\n' };
  expect(await run('node', 'main.js')).toMatchObject(expected);

  // A later clean installation takes nothing away.
  expect(await run('npm', 'ci', ...options)).toMatchObject({ code: 0 });
  expect(await run('node', 'main.js')).toMatchObject(expected);
}, 600_000);
