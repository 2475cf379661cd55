import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { succeed } from './run.js';
import { published, root } from './workspace.js';

const dependants = published
  .filter(({ manifest }) => manifest.dependencies?.['@toco/losses'] !== undefined)
  .map(({ name }) => name);

let scratch: string;
const manifestOf = (folder: string): string => join(scratch, 'packages', basename(folder), 'package.json');
const versions = (): Map<string, string> =>
  new Map(
    published.map(({ name, folder }) => [
      name,
      (JSON.parse(readFileSync(manifestOf(folder), 'utf8')) as { version: string }).version,
    ]),
  );

/** A workspace of the published manifests alone, all of one version, with one changeset. */
async function release(version: string, changeset: string): Promise<Map<string, string>> {
  for (const { folder, manifest } of published) {
    mkdirSync(join(scratch, 'packages', basename(folder)), { recursive: true });
    // What tests need is not published with it, and is not there.
    const kept = { ...manifest, version, devDependencies: undefined };
    writeFileSync(manifestOf(folder), JSON.stringify(kept));
  }
  writeFileSync(join(scratch, '.changeset', 'one.md'), changeset);
  await succeed(scratch, process.execPath, join(root, 'node_modules/@changesets/cli/bin.js'), 'version');
  return new Map([...versions()].filter(([, after]) => after !== version));
}

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'toco-release-'));
  mkdirSync(join(scratch, '.changeset'));
  cpSync(join(root, '.changeset/config.json'), join(scratch, '.changeset/config.json'));
  writeFileSync(join(scratch, 'package.json'), JSON.stringify({ name: 'scratch', private: true }));
  writeFileSync(join(scratch, 'pnpm-workspace.yaml'), "packages:\n  - 'packages/*'\n");
  symlinkSync(join(root, 'node_modules'), join(scratch, 'node_modules'));
  await succeed(scratch, 'git', 'init', '--quiet', '--initial-branch', 'main');
});
afterAll(() => {
  rmSync(scratch, { recursive: true });
});

describe('a changeset for losses alone', () => {
  test('moves it and those that its new version is out of range for; whoever depends on those need not move', async () => {
    const moved = await release('0.3.0', "---\n'@toco/losses': minor\n---\n\nA term more.\n");
    expect(dependants).toContain('@toco/method');
    expect(Object.fromEntries(moved)).toEqual({
      '@toco/losses': '0.4.0',
      ...Object.fromEntries(dependants.map((name) => [name, '0.3.1'])),
    });
  });

  test('moves nothing else where the ranges of its dependants take it', async () => {
    const moved = await release('1.0.0', "---\n'@toco/losses': patch\n---\n\nA comment less.\n");
    expect([...moved]).toEqual([['@toco/losses', '1.0.1']]);
  });
});
