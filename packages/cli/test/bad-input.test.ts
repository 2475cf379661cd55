import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { encodeSafetensors } from '@toco/formats';
import { canMount, testWhere } from '@toco/testing';
import { inTemporaryFolder, tinyBackbone, tinyConfig, tinyNetwork, tinyRun, toco } from './run-toco.js';

/** Runs a command that must fail with one clear line and leave nothing behind. */
async function expectRefusal(args: readonly string[], line: RegExp, out?: string): Promise<void> {
  const { status, stderr } = await toco(args);
  const last = stderr.trimEnd().split('\n').at(-1)!;
  expect(last).toMatch(line);
  expect(status).toBe(1);
  expect(stderr).not.toMatch(/\n\s+at /);
  if (out !== undefined) expect(existsSync(out)).toBe(false);
}

describe('configuration', () => {
  test.each([
    [['--set', 'optimizer.lrr=1'], /unknown key optimizer\.lrr; did you mean optimizer\.lr\?$/],
    [['--set', 'optimiser.lr=1'], /unknown key optimiser; did you mean optimizer\?$/],
    [['--set', 'optimizer.lr=fast'], /optimizer\.lr is text; write a number\.$/],
    [['--set', 'optimizer.lr'], /write it as key=value/],
    [
      ['--set', 'views.cropSize=50', 'localCrops.size=16'],
      /views\.cropSize 50 is not a multiple of the patch size 8 of tiny; choose 48 or 56\.$/,
    ],
    [['--set', 'views.scale=[2,0.5]'], /views\.scale: the first number is larger than the second; write/],
    [['--set', 'views.scale=[0,1]'], /views\.scale\.0 is too small; write a number larger than 0/],
    [['--set', 'engine.threads=1000000'], /engine\.threads is too large; write a number of at most 1024/],
    [
      ['--set', 'cam.scales=[1'],
      /^--set cam\.scales=\[1: Flow sequence must end with a \]; the value is YAML/,
    ],
    [
      ['--set', 'averages={ slow: { paths: [nowhere], momentum: 0.9 } }'],
      /^averages\.slow\.paths: no parameter lies below nowhere; there are /,
    ],
    [
      ['--set', 'backbone.depth=3'],
      /^backbone\.depth is for named backbones: tiny is not one; leave it out\.$/,
    ],
    [['--set', 'groupSize=3'], /groupSize 3 does not divide batchSize 2/],
    [['--set', 'localCrops.size=64'], /localCrops\.size 64 does not fit into views\.cropSize 48/],
    [['--set', 'data.dataset=voc'], /data\.root is missing/],
    [['--config', 'nowhere.yaml'], /nowhere\.yaml: no such file; check --config\.$/],
    [['--config', '/dev/null'], /\/dev\/null: not an ordinary file; check --config\.$/],
    [['--backbone', 'nowhere.js'], /--backbone nowhere\.js: no such file\.$/],
  ])('%j', async (args, line) => {
    await inTemporaryFolder(async (folder) => {
      const out = join(folder, 'run');
      const given = args[0] === '--config' ? ['--backbone', tinyBackbone] : tinyRun;
      await expectRefusal(['train', ...given, ...args, '--out', out], line, out);
    });
  });

  test('a fault in a module of code comes with its stack, which names the place', async () => {
    await inTemporaryFolder(async (folder) => {
      const broken = join(folder, 'broken.js');
      writeFileSync(broken, 'export const backbone = undefined.stride;');
      const out = join(folder, 'run');
      const { status, stderr } = await toco(['train', ...tinyRun, '--backbone', broken, '--out', out]);
      expect(stderr).toMatch(/TypeError: Cannot read properties of undefined.*\n\s+at .*broken\.js:1/);
      expect(status).toBe(1);
    });
  });

  test('what is written after long work is looked at before it', async () => {
    await inTemporaryFolder(async (folder) => {
      const file = join(folder, 'file');
      writeFileSync(file, '');
      const line = /file.*: the folder can't be made \(a file has its name.*; choose another with --out\.$/;
      await expectRefusal(['show', 'none', '--out', file], line);
      await expectRefusal(['show', 'none', '--out', join(file, 'inside')], line);
      const threads = /^--workers -1: give a whole number, 0 or more\.$/;
      await expectRefusal(['predict', 'none', file, '--workers', '-1'], threads);
      await expectRefusal(
        ['predict', 'none', file, '--finish-threads', 'two'],
        /^--finish-threads two: give a whole/,
      );
    });
  });

  test('a run can not have the name of a file, nor lie in one', async () => {
    await inTemporaryFolder(async (folder) => {
      const file = join(folder, 'notes');
      writeFileSync(file, 'mine');
      for (const out of [file, join(file, 'run')])
        await expectRefusal(
          ['train', ...tinyRun, '--out', out],
          /notes is a file, not a folder; choose another/,
        );
      expect(readFileSync(file, 'utf8')).toBe('mine');
    });
  });

  test('an unknown backbone names the nearest one', async () => {
    const args = [
      'train',
      '--config',
      tinyConfig,
      '--set',
      'backbone.name=deit_tinny_patch16_224',
      '--out',
      'nowhere',
    ];
    await expectRefusal(
      args,
      /no backbone "deit_tinny_patch16_224"; did you mean deit_tiny_patch16_224\?/,
      'nowhere',
    );
  });
});

test('what commands beside training are named and can not take is one line, and nothing is written', async () => {
  await inTemporaryFolder(async (folder) => {
    const [weights, file, out] = ['weights.safetensors', 'notes', 'out.npz'].map((name) =>
      join(folder, name),
    ) as [string, string, string];
    writeFileSync(file, 'mine');
    writeFileSync(weights, encodeSafetensors({}));
    const isFile =
      /notes: the folder can't be made \(a file has its name, or .*; choose another with --out\.$/;
    const unknown = /There is no backbone "nosuch"/;
    await expectRefusal(['convert', tinyNetwork[0]!, out, '--backbone', 'nosuch'], unknown, out);
    await expectRefusal(['convert', weights, out], /weights\.safetensors: holds no arrays, nothing was/, out);
    await expectRefusal(['predict', ...tinyNetwork, '--out', file, '--', file], isFile);
    await expectRefusal(
      ['evaluate', ...tinyNetwork, 'evaluation.limit=1', '--out', join(file, 'below')],
      /notes\/below: the folder can't be made/,
    );
    await expectRefusal(
      ['export', '--weights', ...tinyNetwork, '--out', folder],
      /: is not empty; choose a new folder\.$/,
    );
    await expectRefusal(
      ['export', '--weights', ...tinyNetwork, '--out', file],
      /notes: is a file; choose a new/,
    );
    expect(readFileSync(file, 'utf8')).toBe('mine');
  });
});

describe('weights and checkpoints', () => {
  test('foreign and damaged weights', async () => {
    await inTemporaryFolder(async (folder) => {
      const [out, weights] = [join(folder, 'run'), join(folder, 'weights.safetensors')];
      const args = ['train', ...tinyRun, '--set', `backbone.weights=${weights}`, '--out', out];
      await expectRefusal(args, /weights\.safetensors: /, out);
      writeFileSync(weights, 'this is not a safetensors file');
      await expectRefusal(args, /weights\.safetensors: /, out);
      const foreign = {
        'layer.weight': { dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) },
      } as const;
      writeFileSync(weights, encodeSafetensors(foreign));
      await expectRefusal(args, /none of|no .*match|matches/i, out);
    });
  });

  test('a checkpoint of another architecture, a damaged one, none at all', async () => {
    await inTemporaryFolder(async (folder) => {
      const out = join(folder, 'run');
      const short = ['--set', 'engine.compile=false', 'run.stopAfter=1', 'evaluation.limit=1'];
      expect(await toco(['train', ...tinyRun, ...short, '--out', out])).toMatchObject({ status: 0 });
      await expectRefusal(
        ['evaluate', out, '--set', 'backbone.name=vit_tiny_patch16_224'],
        /this checkpoint is of another architecture than vit_tiny_patch16_224 with 6 classes/,
      );
      await expectRefusal(['evaluate', folder], /neither a checkpoint nor a run with checkpoints/);
      await expectRefusal(['train', '--resume', '--out', folder], /no run here to resume/);
      truncateSync(join(out, 'checkpoints/iteration-000001/model.safetensors'), 1000);
      await expectRefusal(['evaluate', out, '--backbone', tinyBackbone], /model\.safetensors/);
    });
  });

  const where = testWhere(test, canMount(), 'only root can mount a small disk');
  where('a disk that is full while a checkpoint is written leaves the older one', async () => {
    await inTemporaryFolder(async (folder) => {
      const disk = join(folder, 'disk');
      mkdirSync(disk);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk], { stdio: 'ignore' });
      try {
        const out = join(disk, 'run');
        const args = [
          'train',
          ...tinyRun,
          '--out',
          out,
          '--set',
          'engine.compile=false',
          'run.checkpointEvery=2',
          'run.keep=100',
          'optimizer.iterations=200',
          'evaluation.every=200',
        ];
        const { status, stderr } = await toco(args);
        expect(status).toBe(1);
        expect(stderr.trimEnd().split('\n').at(-1)).toMatch(/disk is full/);
        expect(stderr).toMatch(
          /could not be saved; .*iteration-\d+ is untouched\. Once that is fixed, resume with: toco train --resume/,
        );
        const left = readdirSync(join(out, 'checkpoints'));
        expect(left.length).toBeGreaterThan(0);
        expect(left.every((name) => /^iteration-\d{6}$/.test(name))).toBe(true);
        // what is left is whole
        const copy = join(folder, 'copy');
        cpSync(join(out, 'checkpoints', left.sort().at(-1)!), copy, { recursive: true });
        expect(await toco(['evaluate', copy, '--backbone', tinyBackbone, '--limit', '1'])).toMatchObject({
          status: 0,
        });
      } finally {
        execFileSync('umount', [disk]);
        rmSync(disk, { recursive: true, force: true });
      }
    });
  });
});
