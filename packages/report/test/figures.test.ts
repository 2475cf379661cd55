import { describe, expect, test } from '@jest/globals';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { addFigures, assertTakesFigures } from '../src/figures/figures-in-report.js';
import { confusionDrawing, rowShares } from '../src/figures/confusion-drawing.js';
import { pictureSheet } from '../src/figures/sheet.js';
import type { FigurePicture } from '../src/figure-picture.js';
import type { ShownFigures } from '../src/figures/shown-figures.js';
import { similarityDrawing } from '../src/figures/similarity-drawing.js';
import { writeFigures } from '../src/figures/write-figures.js';
import { writeReport } from '../src/write-report.js';
import { sampleReport } from './sample-report.js';

const picture = async (
  title: string,
  color: string,
  marks: FigurePicture['marks'] = [],
): Promise<FigurePicture> => ({
  ...{ title, width: 80, height: 60, marks },
  jpeg: await sharp({ create: { width: 80, height: 60, channels: 3, background: color } })
    .jpeg()
    .toBuffer(),
});

/** Red, green and blue of a place of a drawing. */
async function colorAt(svg: string, x: number, y: number): Promise<number[]> {
  const { data, info } = await sharp(Buffer.from(svg))
    .flatten({ background: '#fff' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const at = (Math.round(y) * info.width + Math.round(x)) * info.channels;
  return Array.from(data.subarray(at, at + 3));
}

async function shown(): Promise<ShownFigures> {
  const box = { kind: 'box', y: 10, x: 20, height: 30, width: 40, color: '#ff0000', label: '+' } as const;
  return {
    title: 'Figures of <a> & b',
    description: 'Two runs.',
    command: 'toco show a b',
    machine: 'a machine',
    classes: ['cat', 'dog'],
    patches: [
      {
        ...{ id: 'image-1', labels: [1], picture: await picture('image', '#88aacc') },
        ...{
          rows: 1,
          columns: 2,
          tokens: Int8Array.of(127, 0, 0, 127),
          scale: 1 / 127,
          start: { row: 0, column: 1 },
        },
      },
    ],
    pictures: [
      {
        ...{ name: 'cams', title: 'CAMs', text: 'What one sees.' },
        rows: [
          {
            id: 'image-1',
            labels: [1],
            pictures: [await picture('image', '#00ff00', [box]), await picture('a', '#0000ff')],
          },
        ],
      },
    ],
    similarity: {
      lines: [
        { run: 'a, first', values: [0.25, 0.5] },
        { run: 'b', values: [0.1, 0.2, 0.9] },
      ],
      text: 'Alike.',
    },
    confusion: { numClasses: 3, counts: [8, 2, 0, 1, 3, 0, 0, 0, 0], text: 'Confused.' },
  };
}

describe('drawings', () => {
  test('a sheet holds its pictures in columns, titles above, and marks at their places', async () => {
    const { pictures } = await shown();
    const svg = pictureSheet(pictures[0]!.rows);
    // columns of 260 px, 10 between; the first row begins below its titles
    const factor = 260 / 80;
    const [left, top] = [10, 32];
    expect(await colorAt(svg, left + 260 / 2, top + 5)).toEqual(
      [0, 255, 1].map((value) => expect.closeTo(value, -1)),
    );
    expect((await colorAt(svg, left + 270 + 130, top + 90))[2]).toBeGreaterThan(240);
    const red = await colorAt(svg, left + 59.6 * factor, top + 25 * factor);
    expect([red[0]! > 200, red[1]! < 60]).toEqual([true, true]);
    expect(svg).toContain('>image</text');
  });

  test('the similarity of runs is a line each, as high as its values', () => {
    const svg = similarityDrawing([
      { run: 'a', values: [0, 1] },
      { run: 'b', values: [0.5, 0.5] },
    ]);
    const lines = [...svg.matchAll(/polyline\s+points="([^"]+)"/g)].map(([, points]) =>
      points!.split(' ').map((point) => Number(point.split(',')[1])),
    );
    expect(lines).toHaveLength(2);
    const [[low, high], [middle, same]] = lines as [[number, number], [number, number]];
    expect([low > high, middle === same, (low + high) / 2]).toEqual([true, true, middle]);
  });

  test('a confusion matrix shows shares of each true class; a class that is absent has none', () => {
    const counts = [8, 2, 0, 1, 3, 0, 0, 0, 0];
    expect(rowShares(counts, 3)).toEqual([[0.8, 0.2, 0], [0.25, 0.75, 0], undefined]);
    const svg = confusionDrawing({ numClasses: 3, counts, text: '' }, ['cat', 'dog']);
    for (const part of ['background as cat: 20 %', 'cat as cat: 75 %', '>80<', '>25<'])
      expect(svg.replaceAll(/\s*\n\s*/g, '')).toContain(part);
    expect(svg.match(/fill="#f4f4f4"/g)).toHaveLength(3);
  });
});

test('writes a page that needs nothing else, and each figure as SVG, PNG and numbers', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'toco-figures-'));
  try {
    const written = await writeFigures(folder, await shown());
    const names = ['cams.png', 'cams.svg', 'confusion.csv', 'confusion.png', 'confusion.svg', 'figures.html'];
    names.push('similarity.csv', 'similarity.png', 'similarity.svg');
    expect((await readdir(folder)).sort()).toEqual(names);
    expect(written.map((path) => path.slice(folder.length + 1)).sort()).toEqual(names);
    expect(written[0]).toBe(join(folder, 'figures.html'));
    const page = await readFile(written[0]!, 'utf8');
    expect(page).toContain('Figures of &lt;a&gt; &amp; b');
    expect(page).not.toMatch(/(?:src|href)="https?:/);
    expect([...page.matchAll(/<section\s+id="([\w-]+)"/g)].map(([, id]) => id)).toEqual([
      'chosen-patch',
      'similarity-of-runs',
      'cams',
      'confusion',
      'again',
    ]);
    expect(await readFile(join(folder, 'similarity.csv'), 'utf8')).toBe(
      'run,block 1,block 2,block 3\n"a, first",0.25,0.5\nb,0.1,0.2,0.9\n',
    );
    expect(await readFile(join(folder, 'confusion.csv'), 'utf8')).toBe(
      'truth \\ prediction,background,cat,dog\nbackground,8,2,0\ncat,1,3,0\ndog,0,0,0\n',
    );
    const { width, height } = await sharp(join(folder, 'cams.png')).metadata();
    expect([width, height]).toEqual([550, 237]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('figures become sections of a report, in place of earlier ones; what has no place for them is refused', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'toco-figures-'));
  try {
    const report = join(folder, 'report.html');
    const ids = async (): Promise<(string | undefined)[]> =>
      [...(await readFile(report, 'utf8')).matchAll(/<section\s+id="([\w-]+)"/g)].map(([, id]) => id);
    await writeReport(report, await sampleReport(1));
    const empty = await readFile(report, 'utf8');
    const own = await ids();
    const figures = await shown();
    await addFigures(report, { ...figures, pictures: [], confusion: undefined });
    await addFigures(report, figures);
    const added = ['figures', 'chosen-patch', 'similarity-of-runs', 'cams', 'confusion'];
    expect(await ids()).toEqual([...own.slice(0, -1), ...added, 'reproduce']);
    const page = await readFile(report, 'utf8');
    expect(page.match(/id="heat-colors"/g)).toHaveLength(1);
    expect(new Set(await ids()).size).toBe(own.length + added.length);
    // All else is as it was.
    const begin = page.indexOf('<!-- figures of toco show -->');
    expect(empty.startsWith(page.slice(0, begin))).toBe(true);
    expect(empty.endsWith(page.slice(page.lastIndexOf('<!-- end of these figures -->')))).toBe(true);

    await writeFile(report, '<p>mine</p>');
    await expect(assertTakesFigures(report)).rejects.toThrow(/report\.html: has no place for figures; /);
    await expect(addFigures(report, figures)).rejects.toThrow(/has no place/);
    expect(await readFile(report, 'utf8')).toBe('<p>mine</p>');
    await expect(assertTakesFigures(join(folder, 'none.html'))).rejects.toThrow(/none\.html: can't be read/);
  } finally {
    await rm(folder, { recursive: true });
  }
});
