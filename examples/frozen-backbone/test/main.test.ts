import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { readSafetensors } from '@toco/formats';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const sources = readdirSync(at('../src')).map((name) => readFileSync(at(`../src/${name}`), 'utf8'));

test('has fewer than 300 lines, and imports what packages export', () => {
  expect(sources.join('').split('\n').length).toBeLessThan(300);
  const imports = sources.flatMap((text) => [...text.matchAll(/from '([^']+)'/g)].map(([, name]) => name!));
  const own = /^(?:@toco\/[a-z]+|@tensorflow\/tfjs-core|node:\w+|\.\/[a-z]+\.js)$/;
  expect(imports.length).toBeGreaterThan(10);
  expect(imports.filter((name) => !own.test(name))).toEqual([]);
});

test('trains decoder and classifiers, and leaves the backbone as it was', () => {
  const folder = mkdtempSync(join(tmpdir(), 'toco-frozen-backbone-'));
  const checkpoint = (iterations: string): ReturnType<typeof readSafetensors> => {
    const run = join(folder, iterations);
    const args = [at('../dist/main.js'), '--out', run, '--iterations', iterations];
    const output = execFileSync(process.execPath, args, { encoding: 'utf8' });
    expect(output).toMatch(/^\d+ iterations; CAM [\d.]+ %, segmentation [\d.]+ %; /);
    return readSafetensors(
      join(run, `checkpoints/iteration-${iterations.padStart(6, '0')}/model.safetensors`),
    );
  };
  try {
    const [few, more] = [checkpoint('1'), checkpoint('5')];
    const changed = Object.keys(few).filter((name) => String(few[name]!.data) !== String(more[name]!.data));
    expect([...new Set(changed.map((name) => name.split('.')[0]))].sort()).toEqual([
      'aux_classifier',
      'classifier',
      'decoder',
    ]);
    expect(few['decoder.conv6.weight']!.shape).toEqual([64, 3 * few['classifier.weight']!.shape[1]!, 1, 1]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
