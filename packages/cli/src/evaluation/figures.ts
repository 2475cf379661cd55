import {
  bestPoint,
  intersectionOverUnion,
  type MeanOver,
  precisionRecall,
  type PrecisionRecall,
  sweepCurve,
} from '@toco/segmenter';
import { columns, type Column, type EvaluationCounts } from './counts.js';

/** Figures of one column. */
export interface ColumnFigures {
  readonly mean: number;
  readonly perClass: readonly number[];
  /** Classes that the mean leaves out. */
  readonly absent: readonly number[];
  readonly precisionRecall: readonly PrecisionRecall[];
  /** Objects against background, whichever objects. */
  readonly foreground: PrecisionRecall;
  readonly background: PrecisionRecall;
}

/** mIoU of a CAM at every threshold. */
export interface Sweep {
  readonly thresholds: readonly number[];
  readonly means: readonly number[];
  readonly best: { readonly threshold: number; readonly mean: number };
}

/** All figures of an evaluation. */
export interface Figures {
  /** Images that were scored. */
  readonly images: number;
  /** How many of them have a mask. */
  readonly masks: number;
  /** Without masks there are none. */
  readonly columns: Readonly<Partial<Record<Column, ColumnFigures>>>;
  readonly sweeps: Readonly<Partial<Record<'cam' | 'camAux', Sweep>>>;
  /** F1 of the classification, averaged over images. */
  readonly f1: number;
  /** Mean cosine of different patch tokens after each block, averaged over images. */
  readonly similarity: readonly number[];
}

/** The figures that follow from counts; `over` says which classes a mean is over. */
export function figuresOf(
  { matrices, sweeps, images }: EvaluationCounts,
  { over }: { readonly over: MeanOver },
): Figures {
  const masks = images.filter(({ iou }) => iou !== null).length;
  const mean = (valueOf: (image: (typeof images)[number]) => number): number =>
    images.reduce((sum, image) => sum + valueOf(image), 0) / images.length;
  const sweepOf = (map: 'cam' | 'camAux'): Sweep => {
    const curve = sweepCurve(sweeps[map], { over });
    const best = bestPoint(curve);
    return {
      thresholds: curve.map(({ threshold }) => threshold),
      means: curve.map(({ iou }) => iou.mean),
      best: { threshold: best.threshold, mean: best.iou.mean },
    };
  };
  return {
    images: images.length,
    masks,
    columns: Object.fromEntries(
      columns.flatMap((column) => {
        const matrix = matrices[column];
        if (matrix === undefined || masks === 0) return [];
        const { perClass, ...sides } = precisionRecall(matrix);
        return [
          [column, { ...intersectionOverUnion(matrix, { over }), precisionRecall: perClass, ...sides }],
        ];
      }),
    ),
    sweeps: masks === 0 ? {} : { cam: sweepOf('cam'), camAux: sweepOf('camAux') },
    f1: mean(({ f1 }) => f1),
    similarity: (images[0]?.similarity ?? []).map((_, block) => mean(({ similarity }) => similarity[block]!)),
  };
}
