import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import sharp from 'sharp';
import { inTemporaryFolder, tinyNetwork, tinyRun, toco } from './run-toco.js';

const classes = ['cat', 'dog'];

const photograph =
  '<svg width="50" height="40"><rect width="50" height="40" fill="#864"/><rect width="25" height="40" fill="#48c"/><circle cx="32" cy="20" r="12" fill="#fed"/></svg>';

/** A folder of photographs with a disc each, annotated in LabelMe by polygons. */
async function labelMeFolder(root: string, count: number): Promise<void> {
  mkdirSync(root, { recursive: true });
  for (let i = 0; i < count; i++) {
    const disc =
      '<svg width="64" height="56"><rect width="64" height="56" fill="#864"/><circle cx="30" cy="28" r="14" fill="#fed"/></svg>';
    writeFileSync(join(root, `p${i}.png`), await sharp(Buffer.from(disc)).png().toBuffer());
    const points = [
      [30, 14],
      [44, 28],
      [30, 42],
      [16, 28],
    ];
    const shape = { label: classes[i % 2], points, group_id: null, shape_type: 'polygon', flags: {} };
    const file = {
      ...{ version: '5.5.0', flags: {}, shapes: [shape] },
      imagePath: `p${i}.png`,
      imageData: null,
    };
    writeFileSync(join(root, `p${i}.json`), JSON.stringify({ ...file, imageHeight: 56, imageWidth: 64 }));
  }
}

test('predict: annotations for tools; each is a data set that check reads', async () => {
  await inTemporaryFolder(async (folder) => {
    const photos = join(folder, 'photos');
    mkdirSync(join(photos, 'deep'), { recursive: true });
    for (const name of ['a.png', 'deep/b.png']) {
      // Not noise: polygons of YOLO can't show every single pixel that a mask of noise has.
      await sharp(Buffer.from(photograph)).png().toFile(join(photos, name));
    }
    const out = join(folder, 'out');
    const save = ['--save', 'labelme,cvat,yolo,labelmap,coco-rle'];
    expect(await toco(['predict', ...tinyNetwork, photos, '--out', out, ...save])).toMatchObject({
      status: 0,
    });
    expect(
      readdirSync(out)
        .filter((name) => !name.startsWith('.'))
        .sort(),
    ).toEqual([...['cvat', 'instances-rle.json', 'labelmap', 'labelme', 'masks', 'yolo']]);
    const labelMe = join(out, 'labelme', 'deep', 'b.json');
    const { imagePath } = JSON.parse(readFileSync(labelMe, 'utf8')) as { imagePath: string };
    expect(resolve(dirname(labelMe), imagePath)).toBe(join(photos, 'deep', 'b.png'));

    const forms: [string, RegExp][] = [
      ['cvat', /^note: labels are read from CVAT \(.*annotations\.xml\): 2 images, 2 with masks$/m],
      ['yolo', /^note: labels are read from YOLO \(.*data\.yaml\): 2 images, 2 with masks$/m],
      ['labelmap', /^note: labels are read from color masks \(.*labelmap\.txt\): 2 images, 2 with masks$/m],
    ];
    for (const [kind, note] of forms) {
      for (const name of ['a.png', 'deep/b.png']) {
        mkdirSync(join(out, kind, 'images', 'deep'), { recursive: true });
        copyFileSync(join(photos, name), join(out, kind, 'images', name));
      }
      const checked = await toco(['check', join(out, kind)]);
      expect(checked.stdout).toMatch(note);
      expect(checked.stdout).toMatch(/^0 errors, 0 disagreements/m);
      expect(checked.status).toBe(0);
    }
  });
});

test('a folder of LabelMe: checked, trained on, and its list val labeled for CVAT', async () => {
  await inTemporaryFolder(async (folder) => {
    const root = join(folder, 'data');
    await labelMeFolder(root, 6);
    writeFileSync(join(root, 'train.txt'), 'p0\np1\np2\np3\n');
    writeFileSync(join(root, 'val.txt'), 'p4\np5\n');
    const checked = await toco(['check', root]);
    expect(checked.stdout).toMatch(/^note: labels are read from LabelMe \(.*\): 6 images, 6 with masks$/m);
    expect(checked.status).toBe(0);

    const out = join(folder, 'run');
    const settings = ['engine.threads=1', 'engine.compile=false', 'run.stopAfter=1', 'data.trainMasks=all'];
    const trained = await toco([
      'train',
      ...tinyRun,
      '--data',
      root,
      '--out',
      out,
      '--set',
      ...settings,
      'data.dataset=folder',
    ]);
    expect(trained.stderr).toMatch(/^Note: labels are read from LabelMe /m);
    expect(trained).toMatchObject({ status: 0 });

    const labeled = await toco([
      ...[
        'label',
        out,
        ...tinyRun.slice(-2),
        '--list',
        'val',
        '--save',
        'cvat',
        '--out',
        join(folder, 'labels'),
      ],
    ]);
    expect(labeled).toMatchObject({ status: 0 });
    const xml = readFileSync(join(folder, 'labels', 'cvat', 'annotations.xml'), 'utf8');
    expect([...xml.matchAll(/<image id="\d" name="([^"]+)"/g)].map(([, name]) => name)).toEqual([
      'p4.png',
      'p5.png',
    ]);
    expect(existsSync(join(folder, 'labels', 'labelme'))).toBe(false);
  });
});

test('one line for annotations that are wrong, from check and from train', async () => {
  await inTemporaryFolder(async (root) => {
    await labelMeFolder(root, 2);
    writeFileSync(join(root, 'p1.json'), '{ "shapes": [');
    for (const command of [
      ['check', root],
      ['train', ...tinyRun, '--data', root, '--out', join(root, 'run'), '--set', 'data.dataset=folder'],
    ]) {
      const outcome = await toco(command);
      expect(outcome).toMatchObject({ status: 1, stdout: '' });
      expect(outcome.stderr.trimEnd().split('\n').at(-1)).toMatch(/p1\.json: .*JSON/);
    }
  });
});
