import type { Evaluation } from './evaluation.js';

const percent = (value: number): number => Math.round(value * 1e4) / 100;

/** The figures of a validation as a row of `metrics.jsonl` has them; without masks those that need none. */
export function evaluationRow(evaluation: Evaluation): Readonly<Record<string, number | readonly number[]>> {
  const { cam, camAux, seg, f1, similarity, masks } = evaluation;
  if (masks === 0) return { f1, similarity };
  return {
    cam: percent(cam.mean),
    camAux: percent(camAux.mean),
    seg: percent(seg.mean),
    f1,
    similarity,
    segPerClass: seg.perClass.map(percent),
    camPerClass: cam.perClass.map(percent),
  };
}

/** The figures of a validation in one line. */
export function evaluationLine({ cam, camAux, seg, f1, similarity, masks }: Evaluation): string {
  const means =
    masks === 0
      ? ''
      : `mIoU of CAM ${percent(cam.mean)}, auxiliary CAM ${percent(camAux.mean)}, segmentation ${percent(seg.mean)}; `;
  return `${means}F1 ${f1.toFixed(3)}; token similarity ${similarity.at(-1)!.toFixed(3)}`;
}
