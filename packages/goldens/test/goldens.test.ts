import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { initBackend } from '@toco/runtime';
import { sharedPath } from '@toco/testing';
import { checkFolder } from '../src/check-folder.js';
import { formatRow } from '../src/format-row.js';
import { openGoldenFolder } from '../src/golden-folder.js';
import { passes, type Row } from '../src/row.js';

const fixtures = fileURLToPath(new URL('../../testing/__fixtures__', import.meta.url));
const goldens = sharedPath('goldens');
if (!goldens) console.warn('skipped: the goldens of the original (TOCO_SHARED) are not here');

beforeAll(() => initBackend());

async function check(path: string): Promise<Row[]> {
  const rows: Row[] = [];
  await checkFolder(openGoldenFolder(path), { onRow: (row) => rows.push(row) });
  return rows;
}

describe('every quantity is within its bound', () => {
  test('of the synthetic fixtures', async () => {
    const rows = await check(fixtures);
    expect(rows.filter((row) => !passes(row)).map(formatRow)).toEqual([]);
    expect(rows.length).toBeGreaterThan(130);
  });

  (goldens ? test : test.skip)('of the original', async () => {
    const rows = await check(goldens!);
    expect(rows.filter((row) => !passes(row)).map(formatRow)).toEqual([]);
    expect(rows.length).toBeGreaterThan(130);
  });
});
