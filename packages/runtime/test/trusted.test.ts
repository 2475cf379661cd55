import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { engineNames } from '../src/engine.js';
import { built, start, type Ended } from './run-node.js';

const [name] = engineNames.cpu;
const isRoot = process.getuid?.() === 0;

let cache: string;
let engine: string;
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'toco-planted-'));
  await chmod(cache, 0o755);
  engine = join(cache, 'engines', name);
  await mkdir(join(engine, 'tensorflow'), { recursive: true });
  await writeFile(
    join(engine, 'manifest.json'),
    JSON.stringify({ name: 'x', version: 'x', files: {}, sources: {} }),
  );
  // Not native code at all: what is loaded complains of that, what is refused does not come so far.
  for (const file of ['tfjs_binding.node', 'toco_process.node'])
    await writeFile(join(engine, file), 'planted');
});
afterEach(() => rm(cache, { recursive: true }));

const doctor = (): Promise<Ended> =>
  start(process.execPath, [built('cli.js'), 'doctor'], { TOCO_CACHE: cache }).ended;
const remedy = 'fix: set TOCO_CACHE to a folder of your own that only you can write';

/** Makes a path writable for everybody, or gives it to another user. */
type Planting = (path: string) => Promise<void>;
const forAll: Planting = (path) => chmod(path, 0o777);
const ofAnother: Planting = (path) => chown(path, 65534, 65534);

describe('code that others could have put into the cache is not loaded', () => {
  const paths: readonly (readonly [string, () => string])[] = [
    ['the cache', () => cache],
    ['engines', () => join(cache, 'engines')],
    ['the engine', () => engine],
    ['its libraries', () => join(engine, 'tensorflow')],
    ['a module', () => join(engine, 'tfjs_binding.node')],
  ];
  test.each(paths)('%s can be written by everybody', async (_, path) => {
    await forAll(path());
    const { code, stdout } = await doctor();
    expect(stdout).toContain(
      `Missing: ${path()} can be written by every user of this machine, so no code of it is loaded: `,
    );
    expect(stdout).toContain(remedy);
    expect(stdout).not.toMatch(/could not be (?:used|loaded)/);
    expect(code).toBe(1);
  });

  (isRoot ? test.each(paths) : test.skip.each(paths))('%s belongs to another user', async (_, path) => {
    await ofAnother(path());
    const { stdout } = await doctor();
    expect(stdout).toContain(
      `Missing: ${path()} belongs to another user (uid 65534), so no code of it is loaded: `,
    );
  });

  test('nor where the cache is reached through a link', async () => {
    await forAll(join(cache, 'engines'));
    const link = join(cache, 'link');
    await symlink(cache, link);
    const { stdout } = await start(process.execPath, [built('cli.js'), 'doctor'], { TOCO_CACHE: link }).ended;
    expect(stdout).toMatch(/engines can be written by every user/);
  });

  test('nor is anything installed beside it', async () => {
    await forAll(cache);
    const { code, stderr } = await start(process.execPath, [built('cli.js'), 'setup', '--cpu'], {
      TOCO_CACHE: cache,
    }).ended;
    expect(stderr).toMatch(/^[^\n]* can be written by every user [^\n]*\n$/);
    expect(code).toBe(1);
    expect(await readdir(cache)).toEqual(['engines']);
  });
});

test('a cache of our own is used: also below a folder with the sticky bit, also where nobody else can look in', async () => {
  await chmod(join(cache, 'engines'), 0o1777);
  expect((await doctor()).stdout).toContain('TensorFlow could not be used');
  await chmod(cache, 0o700);
  await forAll(engine);
  expect((await doctor()).stdout).toContain('TensorFlow could not be used');
  expect(existsSync(engine)).toBe(true);
});
