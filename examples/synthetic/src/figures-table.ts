import { medianRun, type Recorded, type RunFigures } from './recorded.js';

const row = (name: string, values: readonly string[]): string =>
  [name.padEnd(54), ...values.map((value) => value.padStart(14))].join('');
const figures = ({ cam, camAux, seg }: RunFigures, withSegmentation = true): string[] => [
  cam.toFixed(1),
  camAux.toFixed(1),
  withSegmentation ? seg.toFixed(1) : '–',
];

/** What the recorded figures are. */
const ofSeeds = ({ length }: readonly RunFigures[]): string =>
  length === 1 ? 'one run' : `median of ${length} seeds`;

/** What a run came to, beside what was recorded: mIoU in percent. */
export function figuresTable(run: RunFigures, { baseline, toco }: Recorded, fresh?: RunFigures): string {
  const reference = fresh ?? medianRun(baseline, 'cam');
  const lines = [
    row('mIoU on the validation scenes, %', ['CAM', 'auxiliary CAM', 'segmentation']),
    ...(fresh ? [row('classification alone, this machine', figures(fresh, false))] : []),
    row(`classification alone, recorded (${ofSeeds(baseline)})`, figures(medianRun(baseline, 'cam'), false)),
    row(`ToCo, recorded (${ofSeeds(toco)})`, figures(medianRun(toco, 'seg'))),
    row(`ToCo, this run (seed ${run.seed})`, figures(run)),
  ];
  const gain = run.seg - reference.cam;
  return [
    ...lines,
    `ToCo's segmentation is ${Math.abs(gain).toFixed(1)} points ${gain >= 0 ? 'above' : 'below'} the CAM of classification alone.`,
  ].join('\n');
}
