import { chartFigure } from './chart.js';
import { html, type Markup } from './markup.js';
import type { ReportData } from './report-data.js';

/** Token similarity of every block, with and without PTC (paper, fig. 2). */
export function similaritySection({ evaluation, baseline }: ReportData): Markup | undefined {
  const { similarity } = evaluation;
  if (similarity.length === 0) return undefined;
  const other = baseline?.similarity;
  const depth = Math.max(similarity.length, other?.length ?? 0);
  const x = Array.from({ length: depth }, (_, block) => block + 1);
  const valuesOf = (values: readonly number[]): (number | null)[] =>
    x.map((_, i) => (Number.isFinite(values[i]) ? values[i]! : null));
  return html`<section id="similarity">
    <h2>Token similarity</h2>
    <p>
      Over-smoothing: the deeper the block of a vision transformer, the more alike its patch tokens become,
      until CAMs no longer tell objects from background; patch token contrast (PTC) keeps tokens of different
      regions apart.
    </p>
    ${chartFigure({
      title: 'Similarity of patch tokens',
      quantity: 'mean cosine of different tokens of an image',
      xLabel: 'block',
      x,
      series: [
        { label: 'this run', color: '--seg', values: valuesOf(similarity) },
        ...(other
          ? [
              {
                label: 'classification alone, no PTC',
                color: '--base',
                values: valuesOf(other),
                dashed: true,
              },
            ]
          : []),
      ],
      range: [0, 1],
      dots: true,
    })}
  </section>`;
}
