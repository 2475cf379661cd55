import { UserError } from '@toco/files';
import { type EvaluationProtocol, formatEvaluationProtocol } from '@toco/segmenter';
import type { PlannedRun } from './planned-run.js';
import type { Preset } from './presets.js';
import type { Measure } from './tables.js';
import { toco } from './toco.js';

/** What an evaluation says. */
export interface RunFigures {
  /** mIoU in percent; the segmentation as the protocol's last step leaves it. */
  readonly cam: number;
  readonly camAux: number;
  readonly seg: number;
  /** How they were measured, in one line. */
  readonly protocol: string;
}

type Column = 'cam' | 'camAux' | 'single' | 'fused' | 'crf';

/** What `toco evaluate --json` prints, as far as it is read; null: no number. */
interface Printed {
  readonly columns: Readonly<Partial<Record<Column, { readonly mean: number | null }>>>;
  readonly protocol: EvaluationProtocol;
}

/**
 * Evaluates a run by the protocol and on the list of a measure; `toco evaluate` keeps the counts, and goes on where it was interrupted.
 *
 * @returns undefined where the signal ended it
 */
export async function evaluateRun(
  { folder }: PlannedRun,
  { protocol, list }: Pick<Measure, 'protocol' | 'list'>,
  { preset, signal }: { readonly preset: Preset; readonly signal: AbortSignal },
): Promise<RunFigures | undefined> {
  const args = [
    ...['evaluate', folder, '--protocol', protocol === 'final' ? preset.finalProtocol : 'fast'],
    ...(list === 'train' ? ['--list', preset.trainList] : []),
    '--json',
  ];
  const printed = await toco(args, signal);
  if (printed === undefined || signal.aborted) return undefined;
  const { columns, protocol: measured } = JSON.parse(printed) as Printed;
  if (columns.cam === undefined)
    throw new UserError(`${folder}: the list ${measured.list} has no masks to measure against; see --data.`);
  const percent = (column: { readonly mean: number | null } | undefined): number =>
    100 * (column?.mean ?? Number.NaN);
  return {
    cam: percent(columns.cam),
    camAux: percent(columns.camAux),
    seg: percent(columns.crf ?? columns.fused ?? columns.single),
    protocol: formatEvaluationProtocol(measured),
  };
}
