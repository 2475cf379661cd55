import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { readSafetensors } from '@toco/formats';
import { loadConfig } from '@toco/trainer';

type Arrays = ReturnType<typeof readSafetensors>;
const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const node = (...args: string[]): string => execFileSync(process.execPath, args, { encoding: 'utf8' });
const sources = readdirSync(at('../src')).map((name) => readFileSync(at(`../src/${name}`), 'utf8'));

test('has fewer than 300 lines, and imports what packages export', () => {
  expect(sources.join('').split('\n').length).toBeLessThan(300);
  const imports = sources.flatMap((text) => [...text.matchAll(/from '([^']+)'/g)].map(([, name]) => name!));
  const own = /^(?:@toco\/[a-z]+|@tensorflow\/tfjs-core|node:\w+|\.\/[a-z]+\.js)$/;
  expect(imports.length).toBeGreaterThan(10);
  expect(imports.filter((name) => !own.test(name))).toEqual([]);
});

test.each([
  [['--bogus'], "Unknown option '--bogus'\n"],
  [['--config', 'none.yaml'], 'none.yaml: no such file; check --config.\n'],
])('%j: what is wrong is one line', (args, line) => {
  const { status, stderr } = spawnSync(process.execPath, [at('../dist/main.js'), ...args], {
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 1, stderr: line });
});

test('trains decoder and classifiers, and leaves the backbone as it was; the command evaluates the run, and does not train it on without its refinement', () => {
  const folder = mkdtempSync(join(tmpdir(), 'toco-frozen-backbone-'));
  try {
    const output = node(at('../dist/main.js'), '--out', folder, '--short');
    expect(output).toMatch(/^10 iterations; CAM [\d.]+ %, segmentation [\d.]+ %; /);
    const again = spawnSync(process.execPath, [at('../dist/main.js'), '--out', folder, '--short'], {
      encoding: 'utf8',
    });
    expect([again.status, again.stdout]).toEqual([0, '']);
    expect(again.stderr).toContain('Nothing left to do');
    const [few, more] = ['000005', '000010'].map((iteration) =>
      readSafetensors(join(folder, `checkpoints/iteration-${iteration}/model.safetensors`)),
    ) as [Arrays, Arrays];
    const changed = Object.keys(few).filter((name) => String(few[name]!.data) !== String(more[name]!.data));
    expect([...new Set(changed.map((name) => name.split('.')[0]))].sort()).toEqual([
      'aux_classifier',
      'classifier',
      'decoder',
    ]);
    expect(few['decoder.conv6.weight']!.shape).toEqual([64, 3 * few['classifier.weight']!.shape[1]!, 1, 1]);
    const toco = at('../../../packages/cli/bin/toco.js');
    const figures = JSON.parse(node(toco, 'evaluate', folder, '--limit', '4', '--json')) as {
      images: number;
    };
    expect(figures.images).toBe(4);
    const { status, stderr } = spawnSync(
      process.execPath,
      [toco, 'train', '--resume', '--out', folder, '--set', 'optimizer.iterations=12'],
      { encoding: 'utf8' },
    );
    expect(stderr).toContain(
      "up to iteration 10 the run was trained with parts of one's own that are not given now: refine; ",
    );
    expect(status).not.toBe(0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.each([
  ['dinov2.yaml', 'vit_small_patch14_dinov2', 'hf:timm/vit_small_patch14_dinov2.lvd142m'],
  ['clip.yaml', 'vit_base_patch16_clip_quickgelu_224', 'hf:timm/vit_base_patch16_clip_224.openai'],
])('%s names a backbone and its weights, and trains', async (file, name, weights) => {
  expect((await loadConfig(at(`../${file}`))).backbone).toMatchObject({ name, weights });
  const folder = mkdtempSync(join(tmpdir(), 'toco-frozen-backbone-'));
  try {
    // One image, a backbone of four blocks that nothing has taught, and of 224 pixels half the scale is even, too.
    const small = await loadConfig(at(`../${file}`), [
      ...['backbone.weights=none', 'backbone.depth=4', 'batchSize=1', 'data.workers=0'],
      ...[
        'data.dataset=synthetic',
        'data.synthetic.size=96',
        'data.synthetic.train=2',
        'data.synthetic.val=1',
      ],
      ...['views.cropSize=224', 'evaluation.size=224', 'optimizer.warmup=0', 'optimizer.iterations=1'],
    ]);
    // JSON is YAML. Drawn scenes lie nowhere.
    const config = join(folder, file);
    writeFileSync(config, JSON.stringify({ ...small, data: { ...small.data, root: undefined } }));
    const output = node(at('../dist/main.js'), '--out', join(folder, 'run'), '--config', config);
    expect(output).toMatch(/^1 iterations; CAM [\d.]+ %, segmentation [\d.]+ %; /);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
