import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { vocClasses } from '@toco/datasets';
import { decodeLabelPng, encodeLabelPng, vocPalette } from '@toco/formats';
import sharp from 'sharp';
import { here, inTemporaryFolder, tinyBackbone, toco } from './run-toco.js';

/** A file in a tar: its header as POSIX has it, and its bytes in whole blocks. */
function tarEntry(name: string, content: Uint8Array): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  for (const [text, at] of [
    ['0000644\0', 100],
    [content.length.toString(8).padStart(11, '0'), 124],
    ['00000000000', 136],
    ['        0', 148],
    ['ustar\u000000', 257],
  ] as const)
    header.write(text, at);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

/** Names and bytes of the files in a tar. */
function tarFiles(tar: Buffer): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  for (let at = 0; tar[at] !== 0;) {
    const name = tar.toString('latin1', at, at + 100).replaceAll('\0', '');
    const size = Number.parseInt(tar.toString('latin1', at + 124, at + 135), 8);
    files.set(name, tar.subarray(at + 512, at + 512 + size));
    at += 512 + 512 * Math.ceil(size / 512);
  }
  return files;
}

const photograph = (width: number, height: number, hue: number): Promise<Buffer> =>
  sharp({
    create: {
      ...{ width, height, channels: 3, background: { r: hue, g: 120, b: 255 - hue } },
      noise: { type: 'gaussian', mean: hue, sigma: 40 },
    },
  })
    .jpeg()
    .toBuffer();

test('from the owners’ archive of test images and a run to the archive that the server takes', async () => {
  await inTemporaryFolder(async (folder) => {
    // a run on two images in VOC's layout
    const data = join(folder, 'train', 'VOC2012');
    for (const part of ['JPEGImages', 'SegmentationClassAug', 'ImageSets/Segmentation'])
      mkdirSync(join(data, part), { recursive: true });
    const trained = ['2007_000001', '2007_000002'];
    for (const id of trained) {
      writeFileSync(join(data, `JPEGImages/${id}.jpg`), await photograph(60, 50, 90));
      const mask = { width: 60, height: 50, data: new Uint8Array(3000).fill(3) };
      writeFileSync(join(data, `SegmentationClassAug/${id}.png`), encodeLabelPng(mask));
    }
    for (const list of ['train_aug', 'val'])
      writeFileSync(join(data, `ImageSets/Segmentation/${list}.txt`), `${trained.join('\n')}\n`);
    const labels = join(data, 'labels.json');
    writeFileSync(labels, JSON.stringify(Object.fromEntries(trained.map((id) => [id, [vocClasses[2]]]))));
    const run = join(folder, 'run');
    const settings = ['data.dataset=voc', `data.labels=${labels}`, 'engine.compile=false'];
    const training = await toco([
      ...['train', '--config', here('tiny.yaml'), '--backbone', tinyBackbone, '--data', data, '--out', run],
      ...['--set', ...settings, 'optimizer.iterations=1', 'optimizer.warmup=0', 'run.checkpointEvery=1'],
    ]);
    expect(training).toMatchObject({ status: 0 });

    const ids = ['2008_000006', '2008_000011', '2008_000012'];
    const sizes = [
      [61, 40],
      [33, 57],
      [48, 48],
    ] as const;
    const root = 'VOCdevkit/VOC2012';
    const archive = join(folder, 'VOC2012test.tar');
    const photographs = await Promise.all(sizes.map(([w, h], i) => photograph(w, h, 60 * i)));
    writeFileSync(
      archive,
      Buffer.concat([
        tarEntry(`${root}/ImageSets/Segmentation/test.txt`, Buffer.from(`${ids.join('\n')}\n`)),
        ...ids.map((id, i) => tarEntry(`${root}/JPEGImages/${id}.jpg`, photographs[i]!)),
        Buffer.alloc(1024),
      ]),
    );
    const prepared = await toco(['prepare', 'voc', '--test', archive, '--out', folder, '--partial']);
    expect(prepared).toMatchObject({ status: 0 });
    expect(prepared.stdout).toMatch(
      /VOC2012: prepared \(test 3 images\)\nSubmit to VOC's server: toco submit <run> --test/,
    );

    const packed = await toco(['submit', run, '--test', archive, '--backbone', tinyBackbone]);
    expect(packed.stderr).toMatch(
      /^.*VOC2012test\.tar: is an archive; unpack it with toco prepare voc --test/m,
    );
    expect(packed.status).toBe(1);

    const out = join(folder, 'submission');
    const args = ['submit', run, '--test', folder, '--backbone', tinyBackbone, '--out', out];
    const submitted = await toco([...args, '--size', 'shorter:32', '--scales', '1,1.5']);
    expect(submitted).toMatchObject({ status: 0 });
    expect(submitted.stderr).toMatch(/Network .*; list test of .*, 3 images; comp6 into/);
    expect(submitted.stderr).toMatch(/^Protocol voc, changed: .*CRF toco/m);
    const path = join(out, 'comp6_test_cls.tar.gz');
    expect(submitted.stdout).toMatch(/comp6_test_cls\.tar\.gz: 3 masks, .* as VOC's server takes them\n$/);
    const files = tarFiles(gunzipSync(readFileSync(path)));
    expect([...files.keys()]).toEqual(
      ids.map((id) => `results/VOC2012/Segmentation/comp6_test_cls/${id}.png`),
    );
    for (const [i, png] of [...files.values()].entries()) {
      const { width, height, data: map } = decodeLabelPng(png);
      expect([width, height]).toEqual(sizes[i]);
      expect(Math.max(...map)).toBeLessThanOrEqual(20);
      // PNG's chunk of the palette, VOC's own
      expect(png.includes(Buffer.from(vocPalette()))).toBe(true);
    }

    // Where it was, nothing is computed again; another photograph is.
    writeFileSync(join(folder, root, 'JPEGImages', `${ids[1]!}.jpg`), 'damaged');
    const again = await toco([
      ...args,
      '--size',
      'shorter:32',
      '--scales',
      '1,1.5',
      '--competition',
      'comp5',
    ]);
    expect(again.stderr).toMatch(/2 of 3 photographs are done already/);
    expect(again.stderr).toMatch(
      /2008_000011\.jpg: .*1 of 3 images have no mask, and VOC's server wants all of them/,
    );
    expect(again.status).toBe(1);
    expect(existsSync(join(out, 'comp5_test_cls.tar.gz'))).toBe(false);
  });
}, 600_000);
