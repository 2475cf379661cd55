import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { encodeLabelPng } from '@toco/formats';
import sharp from 'sharp';
import { inTemporaryFolder, tinyRun, toco } from './run-toco.js';

test('a folder of photographs and labels trains and validates without masks; what masks there are serve mIoU', async () => {
  await inTemporaryFolder(async (folder) => {
    const data = join(folder, 'animals');
    for (const id of ['cat/a', 'cat/b', 'dog/c', 'dog/d']) {
      mkdirSync(join(data, id, '..'), { recursive: true });
      const photograph = sharp({ create: { width: 64, height: 56, channels: 3, background: '#864' } });
      writeFileSync(join(data, `${id}.jpg`), await photograph.jpeg().toBuffer());
    }
    const out = join(folder, 'run');
    const settings = [
      'engine.threads=1',
      'engine.compile=false',
      'data.dataset=folder',
      'data.valFraction=0.5',
      'run.stopAfter=1',
    ];
    const args = ['train', ...tinyRun, '--data', data, '--out', out, '--set', ...settings];
    const trained = await toco(args);
    expect(trained.stderr).toMatch(
      /^No image of the list val has a mask: validation measures F1 and token similarity, no mIoU\.$/m,
    );
    expect(trained.stderr).toMatch(/^iteration 1: F1 [\d.]+; token similarity [-\d.]+$/m);
    expect(trained).toMatchObject({ status: 0, stdout: `${join(out, 'checkpoints/iteration-000001')}\n` });

    const backbone = tinyRun.slice(-2);
    const unmasked = await toco(['evaluate', out, ...backbone]);
    expect(unmasked).toMatchObject({ status: 0 });
    expect(unmasked.stdout).toMatch(/^2 images without masks: no IoU; F1 [\d.]+; token similarity per block/);
    const row = readFileSync(join(out, 'metrics.jsonl'), 'utf8').trimEnd().split('\n').at(-1)!;
    expect(Object.keys(JSON.parse(row) as object)).toEqual([
      ...['kind', 'iteration', 'f1', 'similarity', 'seconds'],
    ]);
    // The page has the CAMs, and neither a truth nor an IoU that nobody knows.
    const report = readFileSync(join(out, 'report.html'), 'utf8');
    expect(report.match(/alt="CAM of/g)).toHaveLength(2);
    expect(report).not.toMatch(/alt="truth of|mIoU<|NaN|–</);
    expect(report).toContain('1 thread<');

    const masks = join(folder, 'drawn');
    mkdirSync(join(masks, 'cat'), { recursive: true });
    mkdirSync(join(masks, 'dog'));
    const mask = encodeLabelPng({ height: 56, width: 64, data: new Uint8Array(56 * 64).fill(1) });
    for (const id of ['cat/a', 'cat/b']) writeFileSync(join(masks, `${id}.png`), mask);
    writeFileSync(join(data, 'train.txt'), 'dog/d\n');
    writeFileSync(join(data, 'val.txt'), 'cat/a\ncat/b\ndog/c\n');
    const masked = await toco(['evaluate', out, ...backbone, '--json', '--set', `data.masks=${masks}`]);
    expect(masked.stderr).toMatch(
      /^Validation on 2 of 3 images of the list val: the others have no mask\.$/m,
    );
    expect(JSON.parse(masked.stdout)).toMatchObject({ images: 2 });
  });
});
