import { beforeAll, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What a page shows of a picture. */
interface Shown {
  readonly backend: string;
  readonly cams: string[];
  readonly legend: string[];
  readonly width: number;
  readonly height: number;
  readonly similarity: number;
}

const here = fileURLToPath(new URL('..', import.meta.url));
const { stdout, stderr, status } = spawnSync(process.execPath, [join(here, 'test/show-pages.js')], {
  encoding: 'utf8',
  timeout: 900_000,
});
// A computer on which the browser does not start skips these tests; where everything has to be tried, that is a failure.
const inBrowser = status === 3 && process.env['CI'] !== 'true' ? describe.skip : describe;

inBrowser('in headless Chromium', () => {
  let seen: {
    first: Shown;
    scene: Shown;
    dropped: Shown;
    offline: Shown;
    moved: number;
    terms: string;
    scenes: number;
    errors: string[];
  };

  beforeAll(() => {
    if (status !== 0) throw new Error(`the pages gave no answer:\n${stderr}`);
    seen = JSON.parse(stdout) as typeof seen;
  });

  test('a drawn scene gets a segmentation, CAMs with scores, and a similarity map that follows the pointer', () => {
    expect(seen.errors).toEqual([]);
    expect(seen.scene.backend).toBe('wasm');
    expect(seen.scene.cams.length).toBeGreaterThan(0);
    for (const line of seen.scene.cams)
      expect(line).toMatch(/^(boat|house|fish|mushroom|car|rocket), score [01]\.\d\d$/);
    for (const shown of [seen.first, seen.scene]) expect(shown.legend.length).toBeGreaterThan(0);
    for (const line of seen.scene.legend) expect(line).toMatch(/^[a-z]+ \d+ %$/);
    expect(seen.moved).not.toBe(seen.scene.similarity);
  });

  test('a photograph that is dropped is segmented at its own size', () => {
    expect(seen.dropped).toMatchObject({ width: 300, height: 200 });
    expect(seen.dropped.similarity).not.toBe(seen.scene.similarity);
  });

  test('once loaded the page gives the same without a network', () => {
    expect(seen.offline).toEqual({ ...seen.first, status: expect.anything() });
  });

  test('the other page trains, and shows losses and scenes', () => {
    expect(seen.terms).toMatch(/cls \d+\.\d+clsAux \d+\.\d+ptc \d+\.\d+/);
    expect(seen.scenes).toBe(6 * 3);
  });
});

test('the network in the repository takes no more than 2 MB', () => {
  const folder = join(here, 'model');
  const bytes = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  expect(bytes).toBeGreaterThan(100_000);
  expect(bytes).toBeLessThanOrEqual(2 * 1024 * 1024);
});
