import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { encodeLabelPng } from '@toco/formats';
import sharp from 'sharp';
import { inTemporaryFolder, tinyRun, toco } from './run-toco.js';

const jpeg = await sharp({ create: { width: 64, height: 56, channels: 3, background: '#864' } })
  .jpeg()
  .toBuffer();
const mask = (label: number): Uint8Array =>
  encodeLabelPng({ height: 56, width: 64, data: new Uint8Array(56 * 64).fill(label) });

function write(root: string, files: Readonly<Record<string, Uint8Array | string>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  }
}

/** `count` images of cats and dogs, labels and masks. */
function animals(count: number): Record<string, Uint8Array | string> {
  const ids = Array.from({ length: count }, (_, i) => `i${String(i).padStart(2, '0')}`);
  return {
    ...Object.fromEntries(ids.map((id) => [`images/${id}.jpg`, jpeg])),
    ...Object.fromEntries(ids.map((id, i) => [`masks/${id}.png`, mask(1 + (i % 2))])),
    'labels.csv': `id;label\r\n${ids.map((id, i) => `${id};${i % 2 ? 'dog' : 'cat'}\r\n`).join('')}`,
    'train.txt': ids.slice(0, -4).join('\n'),
    'val.txt': ids.slice(-4).join('\n'),
  };
}

describe('toco train on your own folder', () => {
  test('goes on without unreadable photographs and masks, names and counts them', async () => {
    await inTemporaryFolder(async (folder) => {
      const data = join(folder, 'animals');
      write(data, {
        ...animals(16),
        'images/i03.jpg': jpeg.subarray(0, jpeg.length - 50),
        'images/extra.jpg': jpeg,
        'images/extra.heic': 'x',
        'masks/i13.png': jpeg,
      });
      symlinkSync('/dev/zero', join(data, 'images', 'i05b.jpg'));
      write(data, { 'train.txt': `${String(animals(16)['train.txt'])}\ni05b\n` });
      write(data, { 'labels.csv': `${String(animals(16)['labels.csv'])}i05b;cat\r\n` });
      const args = [
        'train',
        ...tinyRun,
        '--data',
        data,
        '--set',
        'optimizer.iterations=12',
        'engine.compile=false',
        'data.dataset=folder',
      ];
      const whole = join(folder, 'whole');
      const { status, stderr } = await toco([...args, '--out', whole]);
      expect({ status, stderr }).toMatchObject({ status: 0 });
      const lines = stderr.split('\n');
      const count = (pattern: RegExp): number => lines.filter((line) => pattern.test(line)).length;
      expect(count(/i03\.jpg: the image is cut short \(.*\); another image takes its place\.$/)).toBe(1);
      expect(
        count(/i05b\.jpg: this is a device, not an ordinary file; another image takes its place\.$/),
      ).toBe(1);
      expect(count(/^2 of 13 images could not be read; others took their place: i0\w+, i0\w+\.$/)).toBe(1);
      expect(count(/^Validation leaves out 1 of 4 images of the list val: .*i13\.png: /)).toBeGreaterThan(0);
      expect(
        count(/^Warning: 1 of 18 images in .* have no label in .*labels\.csv and are left out \(extra\)/),
      ).toBe(1);
      expect(count(/^Warning: .*1 \.heic \(extra\.heic\)/)).toBe(1);
    });
  });

  test('ends when too many photographs are unreadable', async () => {
    await inTemporaryFolder(async (folder) => {
      const data = join(folder, 'animals');
      write(data, { ...animals(16), 'images/i03.jpg': '', 'images/i04.jpg': '' });
      const { status, stderr } = await toco([
        ...['train', ...tinyRun, '--data', data, '--out', join(folder, 'run')],
        ...[
          '--set',
          'data.dataset=folder',
          'data.maxUnreadable=1',
          'optimizer.iterations=20',
          'engine.compile=false',
        ],
      ]);
      expect(status).toBe(1);
      expect(stderr).toMatch(
        /^2 of 12 images \(16\.7 %\) can't be read, the last is .*; more than 1 and more than 1 % end the run\. Replace or remove them/m,
      );
    });
  });

  test.each([
    [
      'masks of other names',
      { 'masks/x_mask.png': mask(1) },
      /masks: 1 file, such as x_mask\.png, fits no image, and no other does; .*\.$/,
    ],
    [
      'no usable mask',
      { 'masks/i0.png': jpeg, 'masks/i1.png': jpeg, 'val.txt': 'i0\ni1\n', 'train.txt': 'i2\ni3\n' },
      /none of the first 2 masks of the list val can be used for validation \(.*i0\.png: /,
    ],
  ] as [string, Record<string, Uint8Array | string>, RegExp][])(
    '%s are told before the first iteration',
    async (_name, more, line) => {
      await inTemporaryFolder(async (folder) => {
        const data = join(folder, 'animals');
        const ids = ['i0', 'i1', 'i2', 'i3'];
        write(data, {
          ...Object.fromEntries(ids.map((id) => [`images/${id}.jpg`, jpeg])),
          'labels.csv': `id,label\n${ids.map((id, i) => `${id},${i % 2 ? 'dog' : 'cat'}\n`).join('')}`,
          ...more,
        });
        const out = join(folder, 'run');
        const { status, stderr } = await toco([
          'train',
          ...tinyRun,
          '--data',
          data,
          '--out',
          out,
          '--set',
          'data.dataset=folder',
        ]);
        expect(status).toBe(1);
        expect(stderr.trimEnd().split('\n').at(-1)).toMatch(line);
      });
    },
  );
});

describe('toco check', () => {
  test('warnings alone end with 0 and stand at the end; names are printed, not obeyed', async () => {
    await inTemporaryFolder(async (folder) => {
      const data = join(folder, 'animals');
      const evil = 'a\u001b[2J\u202eb';
      write(data, {
        ...animals(8),
        [`images/${evil}.jpg`]: jpeg,
        'val.txt': 'i00\ni07',
        'classes.txt': `cat\ndog\nx\u0007y\n`,
      });
      const { status, stdout, stderr } = await toco(['check', data, '--workers', '0']);
      const lines = stdout.trimEnd().split('\n');
      expect(status).toBe(0);
      expect(lines.slice(-4)).toEqual([
        expect.stringContaining(
          String.raw`1 of 9 images in ${data}/images have no label in ${data}/labels.csv and are left out (a\x1b[2J\u202eb)`,
        ),
        expect.stringContaining(String.raw`no image of the list train shows 1 of 3 classes: x\x07y`),
        expect.stringContaining('1 image of the list val is in train, too (i00)'),
        expect.stringMatching(/^0 errors, 0 disagreements of labels and masks, 3 warnings$/),
      ]);
      // eslint-disable-next-line no-control-regex -- what must not reach a terminal
      expect(stdout + stderr).not.toMatch(/[\u0007\u202e]|\u001b\[2J/);

      write(data, { 'val.txt': `i00\nmissing${evil}` });
      const failed = await toco(['check', data, '--workers', '0']);
      expect(failed.status).toBe(1);
      expect(failed.stdout).toContain(String.raw`missinga\x1b[2J\u202eb: there is no such image`);
      const trained = await toco([
        'train',
        ...tinyRun,
        '--data',
        data,
        '--set',
        'data.dataset=folder',
        '--out',
        join(folder, 'r'),
      ]);
      expect(trained.status).toBe(1);
      expect(trained.stderr).toContain(String.raw`missinga\x1b[2J\u202eb: there is no such image`);
      expect(trained.stderr).not.toContain('\u001b[2J');
    });
  });

  test('faults of all masks are one error and end with 1', async () => {
    await inTemporaryFolder(async (folder) => {
      const data = join(folder, 'animals');
      const files = animals(8);
      write(
        data,
        Object.fromEntries(
          Object.entries(files).map(([name, content]) => [
            name,
            name.startsWith('masks/') ? mask(255) : content,
          ]),
        ),
      );
      const binary = await toco(['check', data, '--workers', '0']);
      expect(binary.status).toBe(1);
      expect(binary.stdout.match(/^error: /gm)).toHaveLength(1);
      expect(binary.stdout).toMatch(/^error: all 8 masks hold only 0 and 255, and 255 means "ignored"/m);

      const color = await sharp(jpeg).png().toBuffer();
      write(
        data,
        Object.fromEntries(
          Object.keys(files)
            .filter((name) => name.startsWith('masks/'))
            .map((name) => [name, color]),
        ),
      );
      const colored = await toco(['check', data, '--workers', '0']);
      expect(colored.status).toBe(1);
      expect(
        colored.stdout.match(/^error: .*PNG is a color image.* \(and 7 more like it, such as i01\)$/gm),
      ).toHaveLength(1);
      expect(colored.stdout).toContain('8 errors, 0 disagreements of labels and masks\n');
    });
  });
});
