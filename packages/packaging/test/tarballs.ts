import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { beforeAll, expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { filesIn, type Tarball } from './pack.js';
import { succeed } from './run.js';
import { published, root } from './workspace.js';

const names = published.map(({ name }) => name);
const shipped =
  /^(LICENSE|README\.md|package\.json|bin\/[\w-]+\.js|(dist|src)\/[\w/-]+\.(ts|js|d\.ts)(\.map)?|native\/[\w/-]+\.(cc|h)|page\/\w+\.(js|css)|prebuilt\/[\w/-]+\.node)$/;

/** What every tarball must be, whatever it does. */
export function testTarballs(tarball: (name: string) => Tarball): void {
  let registry: string;
  beforeAll(async () => {
    registry = new URL((await succeed(root, 'npm', 'config', 'get', 'registry')).trim()).host;
  });

  test.each(names)('%s holds what its users need and nothing else', async (name) => {
    const { folder } = tarball(name);
    const files = await filesIn(folder);
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'package.json', 'dist/index.js']));
    expect(files.filter((file) => !shipped.test(file) || file.includes('test/'))).toEqual([]);
    const sizes = await Promise.all(files.map(async (file) => (await stat(join(folder, file))).size));
    expect(files.filter((_, index) => (sizes[index] ?? 0) > 500_000)).toEqual([]);
  });

  const commands = published.flatMap(({ name, manifest }) =>
    Object.entries(manifest.bin ?? {}).map(([command, file]) => ({ name, command, file })),
  );
  // `npx @toco/runtime` runs a package's only command, whatever it is called.
  test.each(commands)('$name brings the command $command, and no other', async ({ name, file }) => {
    expect(commands.filter((one) => one.name === name)).toHaveLength(1);
    const path = join(tarball(name).folder, file);
    expect(await readFile(path, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
    expect((await stat(path)).mode & 0o111).toBe(0o111);
  });

  test.each(names)('the modules of %s have their sources beside them', async (name) => {
    const { folder } = tarball(name);
    const maps = (await filesIn(folder)).filter((file) => file.endsWith('.map'));
    expect(maps.length).toBeGreaterThan(0);
    // What is listed here is left over from sources that were renamed: delete the package's dist and build again.
    const stale: string[] = [];
    for (const map of maps) {
      const { sources } = JSON.parse(await readFile(join(folder, map), 'utf8')) as { sources: string[] };
      if (!sources.every((source) => existsSync(join(folder, dirname(map), source)))) stale.push(map);
    }
    expect(stale).toEqual([]);
  });

  test.each(names)('%s tells nothing of the machine that packed it', async (name) => {
    const { folder } = tarball(name);
    const telling = [root, `${homedir()}/`, ...(registry === 'registry.npmjs.org' ? [] : [registry])];
    const found: string[] = [];
    for (const file of await filesIn(folder)) {
      const bytes = await readFile(join(folder, file));
      if (telling.some((text) => bytes.includes(text))) found.push(file);
    }
    expect(found).toEqual([]);
  });

  test.each(published)('the manifest of $name is complete', async ({ name, folder }) => {
    const text = await readFile(join(tarball(name).folder, 'package.json'), 'utf8');
    expect(text).not.toMatch(/workspace:|catalog:|@toco\/source/);
    expect(JSON.parse(text)).toMatchObject({
      description: expect.stringMatching(/\w/),
      keywords: expect.arrayContaining([expect.any(String)]),
      license: 'MIT',
      repository: { type: 'git', url: expect.any(String), directory: relative(root, folder) },
      type: 'module',
      sideEffects: false,
      exports: { './package.json': './package.json' },
      engines: { node: '>=20.19' },
    });
  });

  test.each(names)('publint finds nothing in %s', async (name) => {
    const { messages, pkg } = await publint({ pkgDir: tarball(name).folder, pack: false, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  test.each(names)('the types of %s resolve wherever ES modules do', async (name) => {
    const bytes = await readFile(tarball(name).file);
    const analysis = await checkPackage(createPackageFromTarballData(new Uint8Array(bytes)));
    const problems = analysis.types === false ? ['no types'] : analysis.problems;
    const ignored = ['node10', 'node16-cjs'];
    const kind = (problem: object): unknown =>
      'resolutionKind' in problem ? problem.resolutionKind : undefined;
    expect(
      problems.filter((problem) => typeof problem === 'string' || !ignored.includes(String(kind(problem)))),
    ).toEqual([]);
  });
}
