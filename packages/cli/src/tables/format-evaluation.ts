import Table from 'cli-table3';
import type { Evaluation } from '@toco/segmenter';

/** A table of IoU per class and the means, in percent; without masks only what needs none. */
export function formatEvaluation(
  { cam, camAux, seg, f1, similarity, images, masks }: Evaluation,
  classes: readonly string[],
): string {
  const names = ['background', ...classes];
  const rest = `F1 ${f1.toFixed(3)}; token similarity per block ${similarity.map((value) => value.toFixed(2)).join(' ')}`;
  if (masks === 0) return `${images} images without masks: no IoU; ${rest}`;
  const percent = (value: number): string => (Number.isNaN(value) ? 'absent' : (100 * value).toFixed(1));
  const table = new Table({
    head: ['class', 'CAM', 'aux CAM', 'segmentation'],
    colAligns: ['left', 'right', 'right', 'right'],
    style: { head: [], border: [] },
  });
  names.forEach((name, k) => {
    table.push([name, percent(cam.perClass[k]!), percent(camAux.perClass[k]!), percent(seg.perClass[k]!)]);
  });
  table.push(['mIoU', percent(cam.mean), percent(camAux.mean), percent(seg.mean)]);
  return [table.toString(), ...absentLines({ cam, camAux, seg }, names), `${images} images; ${rest}`].join(
    '\n',
  );
}

/** Which classes a mean leaves out: a mean over fewer classes compares with no other one. */
function absentLines(
  maps: Pick<Evaluation, 'cam' | 'camAux' | 'seg'>,
  names: readonly string[],
): readonly string[] {
  const titles = { cam: 'CAM', camAux: 'auxiliary CAM', seg: 'segmentation' } as const;
  const missing = (Object.keys(titles) as (keyof typeof titles)[]).map((key) => ({
    title: titles[key],
    absent: maps[key].absent.map((k) => names[k]).join(', '),
  }));
  const [first] = missing;
  if (missing.every(({ absent }) => absent === first!.absent)) {
    return first!.absent === ''
      ? []
      : [`Absent from masks and predictions, and left out of every mIoU: ${first!.absent}`];
  }
  return missing
    .filter(({ absent }) => absent !== '')
    .map(
      ({ title, absent }) =>
        `Absent from masks and predictions, and left out of the mIoU of ${title}: ${absent}`,
    );
}
