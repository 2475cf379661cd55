import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { encodeLabelPng, readSafetensors } from '@toco/formats';
import sharp from 'sharp';
import { inTemporaryFolder, tinyBackbone, tinyRun, toco } from './run-toco.js';

const modelOf = (folder: string): ReturnType<typeof readSafetensors> =>
  readSafetensors(join(folder, 'checkpoints/iteration-000008/model.safetensors'));

test('a run on the masks of a list ends the same, stopped and resumed, and another than without masks', async () => {
  await inTemporaryFolder(async (folder) => {
    const list = join(folder, 'masked.txt');
    writeFileSync(list, 'train-00000\ntrain-00003\ntrain-00007\ntrain-00010\n');
    const masks = [`data.trainMasks=${list}`, 'engine.compile=false'];
    const run = async (name: string, ...set: string[]): Promise<string> => {
      const out = join(folder, name);
      const { status, stderr } = await toco(['train', ...tinyRun, '--out', out, '--set', ...set]);
      expect({ status, stderr }).toMatchObject({ status: 0 });
      return out;
    };
    const whole = await run('whole', ...masks);
    const parted = await run('parted', ...masks, 'run.stopAfter=5', 'data.workers=0');
    const again = ['train', '--resume', '--out', parted, '--backbone', tinyBackbone, '--set'];
    const resumed = await toco([...again, 'run.stopAfter=8', 'data.workers=2']);
    expect(resumed).toMatchObject({ status: 0 });
    expect(resumed.stderr).not.toContain('the training images or their labels');
    expect(modelOf(parted)).toEqual(modelOf(whole));
    const without = await run('without', 'engine.compile=false');
    expect(modelOf(without)).not.toEqual(modelOf(whole));

    // Other masks are other batches, and that is told.
    writeFileSync(list, 'train-00001\n');
    const other = await toco([...again, 'run.stopAfter=9', 'optimizer.iterations=9']);
    expect(other.stderr).toMatch(/Changed from iteration 8 on: the training images or their labels/);
  });
}, 300_000);

test('a mask that does not fit is told in one line before the first iteration, and nothing is left behind', async () => {
  await inTemporaryFolder(async (folder) => {
    const data = join(folder, 'data');
    for (const part of ['images', 'made']) mkdirSync(join(data, part), { recursive: true });
    const photograph = await sharp({ create: { width: 60, height: 50, channels: 3, background: '#468' } })
      .jpeg()
      .toBuffer();
    const ids = ['a', 'b', 'c', 'd'];
    for (const [i, id] of ids.entries()) {
      writeFileSync(join(data, `images/${id}.jpg`), photograph);
      const label = id === 'c' ? 7 : 1 + (i % 2);
      const map = { width: 60, height: 50, data: new Uint8Array(3000).fill(label) };
      writeFileSync(join(data, `made/${id}.png`), encodeLabelPng(map));
    }
    writeFileSync(join(data, 'labels.csv'), 'id,label\na,cat\nb,dog\nc,cat\nd,dog\n');
    writeFileSync(join(data, 'train.txt'), 'a\nb\nc\n');
    writeFileSync(join(data, 'val.txt'), 'd\n');
    const out = join(folder, 'run');
    const made = join(data, 'made');
    const settings = ['data.dataset=folder', 'data.trainMasks=all', `data.trainMaskFolder=${made}`];
    const args = ['train', ...tinyRun, '--data', data, '--out', out, '--set', ...settings];
    const failed = await toco(args);
    expect(failed).toMatchObject({ status: 1, stdout: '' });
    const line =
      /^data\.trainMasks: .*made\/c\.png: label 7 at row 0, column 0 is outside the 2 classes .*; correct the mask/m;
    expect(failed.stderr).toMatch(line);
    expect(existsSync(out)).toBe(false);

    const checked = await toco(['check', data, '--train-mask-folder', made, '--workers', '1']);
    expect(checked.status).toBe(1);
    expect(checked.stdout).toMatch(/error: train c: .*made\/c\.png: label 7 at row 0, column 0/);

    writeFileSync(join(data, 'good.txt'), 'a\nb\n');
    const good = await toco([...args, 'data.trainMasks=good', 'engine.compile=false', 'run.stopAfter=2']);
    expect(good).toMatchObject({ status: 0 });
    expect(readFileSync(join(out, 'config.yaml'), 'utf8')).toContain('trainMasks: good');
  });
}, 300_000);
