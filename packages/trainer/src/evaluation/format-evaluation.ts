import Table from 'cli-table3';
import type { Evaluation } from './evaluate.js';

/** A table of IoU per class and the means, in percent. */
export function formatEvaluation(
  { cam, camAux, seg, f1, similarity, images }: Evaluation,
  classes: readonly string[],
): string {
  const percent = (value: number): string => (Number.isNaN(value) ? 'absent' : (100 * value).toFixed(1));
  const table = new Table({
    head: ['class', 'CAM', 'aux CAM', 'segmentation'],
    colAligns: ['left', 'right', 'right', 'right'],
    style: { head: [], border: [] },
  });
  ['background', ...classes].forEach((name, k) => {
    table.push([name, percent(cam.perClass[k]!), percent(camAux.perClass[k]!), percent(seg.perClass[k]!)]);
  });
  table.push(['mIoU', percent(cam.mean), percent(camAux.mean), percent(seg.mean)]);
  const absent = seg.absent.length > 0 ? ` (${seg.absent.length} classes absent, left out of the mean)` : '';
  return `${table.toString()}\n${images} images${absent}; F1 ${f1.toFixed(3)}; token similarity per block ${similarity.map((value) => value.toFixed(2)).join(' ')}`;
}
