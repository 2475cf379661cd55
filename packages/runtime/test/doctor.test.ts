import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findEngine } from '../src/engine.js';
import type { DoctorReport } from '../src/doctor.js';
import { formatReport } from '../src/format-report.js';
import { built, start, type Ended } from './run-node.js';

const cli = (args: readonly string[], environment: Record<string, string | undefined> = {}): Promise<Ended> =>
  start('node', [built('cli.js'), ...args], environment).ended;

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'toco-doctor-'));
});
afterAll(() => rm(root, { recursive: true }));

test('a machine where everything is in place', async () => {
  const { code, stdout } = await cli(['doctor', '--json']);
  expect(code).toBe(0);
  const report = JSON.parse(stdout) as DoctorReport;
  expect(report).toMatchObject({
    versions: { tensorflow: '2.21.0', tfjs: '4.22.0', node: process.versions.node },
    problems: [],
  });
  expect(report.threads).toBeGreaterThan(0);
  expect(report.memory.total).toBeGreaterThan(report.memory.free);
  const text = formatReport(report);
  expect(text).toMatch(/^libtensorflow +2\.21\.0$/m);
  expect(text).toMatch(/^computes on +(?:CPU|GPU)$/m);
  expect(text).toMatch(/Everything is in place\.$/);
});

test('what is missing is named with the command that mends it', async () => {
  const { code, stdout } = await cli(['doctor'], { TOCO_CACHE: join(root, 'none') });
  expect(code).toBe(1);
  expect(stdout).toContain('Missing: TensorFlow is not installed\n  fix: npx @toco/runtime setup\n');
});

test("a library of the user's own is joined with our binding, computes, and is found out when it breaks", async () => {
  const folder = findEngine('cpu')?.folder ?? '';
  const own = join(root, 'own');
  await mkdir(own);
  for (const name of await readdir(folder)) await symlink(join(folder, name), join(own, name));
  const environment = { TOCO_LIBTENSORFLOW: own, TOCO_CACHE: join(root, 'cache') };

  const missing = await cli(['doctor'], environment);
  expect(missing.stdout).toContain(
    'Missing: TensorFlow is not installed with the library that TOCO_LIBTENSORFLOW names\n',
  );
  const installed = await cli(['setup'], environment);
  expect(installed.stderr).toMatch(/TensorFlow is ready: .*custom-[0-9a-f]{12}\/tensorflow\n$/);
  const report = JSON.parse((await cli(['doctor', '--json'], environment)).stdout) as DoctorReport;
  expect(report).toMatchObject({ versions: { tensorflow: '2.21.0' }, problems: [] });
  expect(report.library).toContain('custom-');

  await rm(join(own, 'libtensorflow_cc.so.2'));
  await writeFile(join(own, 'libtensorflow_cc.so.2'), 'not a library');
  const broken = await cli(['doctor'], environment);
  expect(broken.stdout).toMatch(
    /^Missing: TensorFlow could not be used: libtensorflow could not be loaded from .*file too short/m,
  );
});

test('flags that exclude each other, and an unknown one, are one sentence', async () => {
  expect(await cli(['setup', '--gpu', '--cpu'])).toMatchObject({
    code: 1,
    stderr: '--gpu and --cpu exclude each other: give one of them, or none.\n',
  });
  expect((await cli(['setup', '--gup'])).stderr).toBe(
    "Unknown option '--gup'; there are --gpu, --cpu, --no-cuda, --library.\n",
  );
});
