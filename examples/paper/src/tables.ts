import type { RunName } from './runs.js';

/** One quantity that `toco evaluate` measures. */
export interface Measure {
  /** `fast`: one pass, as validation does; `final`: the preset's protocol of table 2, with scales, mirror and CRF. */
  readonly protocol: 'fast' | 'final';
  readonly list: 'val' | 'train';
  readonly of: 'cam' | 'camAux' | 'seg';
}

/** A column of a table. */
export interface TableColumn {
  readonly title: string;
  /** Where there is none, the table has the paper's figures alone. */
  readonly measure?: Measure;
  /** The row's figure is its share of another row's, in the column before. */
  readonly shareOf?: RunName;
}

/** A row of a table. */
export interface TableRow {
  /** The first cells. */
  readonly names: readonly string[];
  readonly run: RunName;
  /** Data set that it is trained on; a preset of the other one can't run it. */
  readonly dataset?: 'VOC' | 'COCO';
  /** Titles of columns of heads that it does not train: a figure of theirs would say nothing. */
  readonly untrained?: readonly string[];
  /** The paper's figures in percent by the titles of columns, where they are recorded. */
  readonly paper?: Readonly<Record<string, number>>;
}

/** A table of the paper. */
export interface Table {
  readonly number: number;
  readonly title: string;
  /** Heads of the first cells. */
  readonly heads: readonly string[];
  readonly columns: readonly TableColumn[];
  readonly rows: readonly TableRow[];
  /** Where the paper's figures stand in it; undefined: none of them are recorded. */
  readonly paperSource?: string;
  /** Rows of one first name belong together, apart from the others. */
  readonly hasParts?: boolean;
  readonly notes: readonly string[];
}

const cam: TableColumn = { title: 'CAM', measure: { protocol: 'fast', list: 'val', of: 'cam' } };
const aux: TableColumn = { title: 'aux CAM', measure: { protocol: 'fast', list: 'val', of: 'camAux' } };
const seg: TableColumn = { title: 'segmentation', measure: { protocol: 'fast', list: 'val', of: 'seg' } };

const originalRun =
  "The authors' own run of ToCo on VOC val (DeiT-B, 20,000 iterations) came to CAM 70.5, auxiliary CAM 62.5, segmentation 68.1.";

const none = '·';
const on = '✓';

/** Tables 1 to 5. */
export const tables: readonly Table[] = [
  {
    number: 1,
    title: 'Pseudo labels: the CAM of the final classifier against masks',
    heads: ['method'],
    columns: [
      { title: 'train', measure: { protocol: 'fast', list: 'train', of: 'cam' } },
      { title: 'val', measure: { protocol: 'fast', list: 'val', of: 'cam' } },
    ],
    rows: [{ names: ['ToCo'], run: 'toco' }],
    notes: [originalRun],
  },
  {
    number: 2,
    title: 'Segmentation by the final protocol: scales, mirror, dense CRF',
    heads: ['method', 'data', 'backbone'],
    columns: [
      { title: 'val', measure: { protocol: 'final', list: 'val', of: 'seg' } },
      // Only VOC's server has these masks: toco submit.
      { title: 'test' },
    ],
    rows: [
      {
        names: ['ToCo', 'VOC', 'DeiT-B'],
        run: 'toco',
        dataset: 'VOC',
        paper: { val: 69.8, test: 70.5 },
      },
      {
        names: ['ToCo†', 'VOC', 'ViT-B'],
        run: 'toco-imagenet-21k',
        dataset: 'VOC',
        paper: { val: 71.1, test: 72.2 },
      },
      { names: ['ToCo', 'COCO', 'DeiT-B'], run: 'toco', dataset: 'COCO', paper: { val: 41.3 } },
      { names: ['ToCo†', 'COCO', 'ViT-B'], run: 'toco-imagenet-21k', dataset: 'COCO', paper: { val: 42.3 } },
    ],
    paperSource: 'table 2',
    notes: ['† pretrained on ImageNet-21k.', "VOC's test masks are on its server alone: toco submit."],
  },
  {
    number: 3,
    title: 'Image-level labels against masks of all images, by the final protocol',
    heads: ['trained on'],
    columns: [
      { title: 'val', measure: { protocol: 'final', list: 'val', of: 'seg' } },
      { title: 'share of masks', shareOf: 'masks' },
    ],
    rows: [
      { names: ['masks of all images'], run: 'masks' },
      { names: ['image-level labels (ToCo)'], run: 'toco', paper: { val: 69.8 } },
    ],
    paperSource: 'table 2, the same network',
    notes: [],
  },
  {
    number: 4,
    title: 'What each part contributes',
    heads: ['cls', 'cls aux', 'PTC', 'CTC', 'seg', 'reg'],
    columns: [cam, aux, seg],
    rows: [
      {
        names: [on, none, none, none, none, none],
        run: 'cls',
        untrained: ['aux CAM', 'segmentation'],
      },
      { names: [on, on, none, none, none, none], run: 'cls-aux', untrained: ['segmentation'] },
      { names: [on, on, on, none, none, none], run: 'ptc', untrained: ['segmentation'] },
      { names: [on, on, on, on, none, none], run: 'ptc-ctc', untrained: ['segmentation'] },
      { names: [on, on, on, on, on, none], run: 'ptc-ctc-seg' },
      { names: [on, on, on, on, on, on], run: 'toco' },
    ],
    notes: ['A dash: a head that the row does not train.', originalRun],
  },
  {
    number: 5,
    title: 'Hyperparameters',
    heads: ['part', 'setting'],
    hasParts: true,
    columns: [cam, aux, seg],
    rows: [
      { names: ['a: auxiliary block of 12', '8'], run: 'block-8' },
      { names: ['a: auxiliary block of 12', '9'], run: 'block-9' },
      { names: ['a: auxiliary block of 12', '10 (ToCo)'], run: 'toco' },
      { names: ['a: auxiliary block of 12', '11'], run: 'block-11' },
      { names: ['b: local crops at 448 px', '64'], run: 'crop-64' },
      { names: ['b: local crops at 448 px', '80'], run: 'crop-80' },
      { names: ['b: local crops at 448 px', '96 (ToCo)'], run: 'toco' },
      { names: ['b: local crops at 448 px', '112'], run: 'crop-112' },
      { names: ['c: momentum of the teacher', '0'], run: 'momentum-0' },
      { names: ['c: momentum of the teacher', '0.1'], run: 'momentum-0.1' },
      { names: ['c: momentum of the teacher', '0.9 (ToCo)'], run: 'toco' },
      { names: ['c: momentum of the teacher', '0.99'], run: 'momentum-0.99' },
    ],
    notes: [
      'Settings are called as in the paper. A network with other blocks counts them from its end; smaller views have smaller crops.',
      originalRun,
    ],
  },
];
