import type { RunName } from './runs.js';

/** A figure of the paper as `toco show` draws it. */
export interface Figure {
  readonly number: number;
  readonly title: string;
  /** Name among the figures of `toco show`. */
  readonly kind: 'patches' | 'similarity' | 'cams' | 'segmentations' | 'attention';
  /** `together`: one drawing of all runs; `each`: a drawing of every run. */
  readonly runs: 'together' | 'each';
  readonly shows: readonly { readonly run: RunName; readonly name: string }[];
  /** Whether images go through the final protocol. */
  readonly final?: boolean;
}

const classification = { run: 'cls', name: 'classification alone' } as const;
const toco = { run: 'toco', name: 'ToCo' } as const;

/** Figures 1, 2, 5, 6 and 7; the others are diagrams of the method, which are not measured. */
export const figures: readonly Figure[] = [
  {
    number: 1,
    title: 'CAMs, and how alike patches are to one of them, without and with token contrast',
    kind: 'patches',
    runs: 'each',
    shows: [classification, toco],
  },
  {
    number: 2,
    title: 'Similarity of patch tokens after each block',
    kind: 'similarity',
    runs: 'together',
    shows: [classification, toco],
  },
  {
    number: 5,
    title: 'CAMs as parts of the method are added',
    kind: 'cams',
    runs: 'together',
    shows: [classification, { run: 'ptc', name: '+ PTC' }, { run: 'ptc-ctc', name: '+ PTC + CTC' }, toco],
  },
  {
    number: 6,
    title: 'Segmentations',
    kind: 'segmentations',
    runs: 'together',
    shows: [toco],
    final: true,
  },
  {
    number: 7,
    title: 'Attention of the class token in the whole image and in a local crop',
    kind: 'attention',
    runs: 'together',
    shows: [toco],
  },
];
