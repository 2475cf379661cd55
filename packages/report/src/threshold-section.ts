import { chartFigure } from './chart.js';
import { percent } from './format-figures.js';
import { html, type Markup } from './markup.js';
import type { ReportData, ReportSweep } from './report-data.js';

const lines = {
  cam: { label: 'CAM', color: '--cam' },
  camAux: { label: 'auxiliary CAM', color: '--aux' },
} as const;

/** mIoU of the CAMs over the threshold above which they count as their class. */
export function thresholdSection({ sweeps = {}, threshold }: ReportData): Markup | undefined {
  const found = (['cam', 'camAux'] as const).flatMap((map) => {
    const sweep = sweeps[map];
    return sweep === undefined ? [] : [{ ...lines[map], sweep }];
  });
  const [first] = found;
  if (first === undefined) return undefined;
  const best = ({ label, sweep }: { label: string; sweep: ReportSweep }): string =>
    `${label} ${sweep.best.threshold} (mIoU ${percent(sweep.best.mean)})`;
  return html`<section id="thresholds">
    <h2>Threshold of the CAMs</h2>
    <p>
      The activation above which a pixel counts as the
      class${threshold === undefined ? '' : html`: ${threshold} in the figures above`}. Best on these images:
      ${found.map(best).join('; ')}.
    </p>
    ${chartFigure({
      title: 'CAMs by threshold',
      quantity: 'mIoU, %',
      xLabel: 'threshold',
      x: first.sweep.thresholds,
      series: found.map(({ label, color, sweep }) => ({
        ...{ label, color },
        values: sweep.means.map((mean) => (Number.isFinite(mean) ? 100 * mean : null)),
      })),
      range: [0, 0],
    })}
  </section>`;
}
