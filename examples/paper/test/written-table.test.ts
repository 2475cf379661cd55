import { expect, test } from '@jest/globals';
import { encodeDrawing } from '@toco/datasets';
import { cellsOf, type FilledTable, meanOf, spreadOf } from '../src/filled-table.js';
import { tableCsv } from '../src/table-csv.js';
import { tableDrawing } from '../src/table-drawing.js';
import { tableMarkdown } from '../src/table-markdown.js';
import { type Table, tables } from '../src/tables.js';

const table = (number: number): Table => tables.find((one) => one.number === number)!;

/** Table 3 with figures of two seeds. */
const filled: FilledTable = {
  table: table(3),
  seeds: [0, 2],
  cells: cellsOf(table(3), ({ run }) => (run === 'masks' ? [50, 60] : [40, 45])),
  notes: ['One note, with a < and an &.'],
  command: 'npm start -- --table 3',
};

test('mean and standard deviation of a sample', () => {
  expect(meanOf([1, 2, 6])).toBe(3);
  expect(spreadOf([1, 2, 6])).toBeCloseTo(Math.sqrt(7), 12);
  expect(spreadOf([5])).toBeUndefined();
});

test('shares of another row are taken seed by seed', () => {
  expect(filled.cells.map((row) => row.map(({ values }) => values))).toEqual([
    [
      [50, 60],
      [100, 100],
    ],
    [
      [40, 45],
      [80, 75],
    ],
  ]);
});

test('rows have no figure of a head that they do not train', () => {
  const trained = cellsOf(table(4), () => [30]).map((row) => row.map(({ values }) => values.length));
  expect(trained).toEqual([
    [1, 0, 0],
    [1, 1, 0],
    [1, 1, 0],
    [1, 1, 0],
    [1, 1, 1],
    [1, 1, 1],
  ]);
});

test('Markdown: aligned columns, spread over seeds, the paper beside, an empty cell where it has no figure', () => {
  expect(tableMarkdown(filled))
    .toBe(`# Table 3: Image-level labels against masks of all images, by the final protocol

mIoU in percent.

| trained on                |        val | val, paper | share of masks |
| ------------------------- | ---------: | ---------: | -------------: |
| masks of all images       | 55.0 ± 7.1 |            |    100.0 ± 0.0 |
| image-level labels (ToCo) | 42.5 ± 3.5 |       69.8 |     77.5 ± 3.5 |

- One note, with a < and an &.

Again: \`npm start -- --table 3\`
`);
});

test('Markdown: rows that were not run have a dash, and columns that nobody measures the paper’s figures alone', () => {
  const two: FilledTable = {
    ...filled,
    table: table(2),
    seeds: [0],
    cells: cellsOf(table(2), ({ dataset, names }) =>
      dataset === 'VOC' && names[2] === 'DeiT-B' ? [12.345] : [],
    ),
  };
  const rows = tableMarkdown(two)
    .split('\n')
    .filter((line) => line.startsWith('|'));
  expect(
    rows.map((row) =>
      row
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    ),
  ).toEqual([
    ['method', 'data', 'backbone', 'val', 'val, paper', 'test, paper'],
    expect.any(Array),
    ['ToCo', 'VOC', 'DeiT-B', '12.3', '69.8', '70.5'],
    ['ToCo†', 'VOC', 'ViT-B', '–', '71.1', '72.2'],
    ['ToCo', 'COCO', 'DeiT-B', '–', '41.3', ''],
    ['ToCo†', 'COCO', 'ViT-B', '–', '42.3', ''],
  ]);
});

test('CSV: every figure of every seed', () => {
  expect(tableCsv(filled)).toBe(
    [
      'trained on,quantity,mean,spread,paper,seed 0,seed 2',
      'masks of all images,val,55,7.0711,,50,60',
      'masks of all images,share of masks,100,0,,100,100',
      'image-level labels (ToCo),val,42.5,3.5355,69.8,40,45',
      'image-level labels (ToCo),share of masks,77.5,3.5355,,80,75',
      '',
    ].join('\n'),
  );
});

test('the drawing holds all words inside its borders, and becomes a picture', async () => {
  for (const number of [1, 2, 3, 4, 5]) {
    const svg = tableDrawing({
      ...filled,
      table: table(number),
      cells: cellsOf(table(number), () => [12.5, 34.5]),
    });
    const [, width, height] = /width="(\d+)" height="(\d+)"/.exec(svg)!.map(Number);
    const places = [...svg.matchAll(/<text x="([\d.]+)" y="([\d.]+)"/g)];
    expect(places.length).toBeGreaterThan(table(number).rows.length);
    for (const [, x, y] of places) {
      expect(Number(x)).toBeLessThan(width!);
      expect(Number(y)).toBeLessThan(height!);
    }
    expect(svg).toContain('One note, with a &lt; and an &amp;.');
    const png = await encodeDrawing(svg);
    expect(Buffer.from(png.subarray(1, 4)).toString()).toBe('PNG');
  }
});
