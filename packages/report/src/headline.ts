import { count, duration, percent, points } from './format-figures.js';
import { html, type Markup } from './markup.js';
import type { ReportBaseline, ReportData } from './report-data.js';

/** Title, description and the figures that matter most. */
export function headline(data: ReportData): Markup {
  const { evaluation, baseline } = data;
  const { seg, cam, camAux } = evaluation;
  const facts: readonly (readonly [string, string])[] = [
    ['classification F1', evaluation.f1.toFixed(3)],
    ['images validated', count(evaluation.images)],
    // Of a network from elsewhere nothing is known of its training.
    ...(data.iterations > 0
      ? ([
          ['iterations', count(data.iterations)],
          ['time', duration(data.seconds)],
        ] as const)
      : []),
    ['machine', data.machine],
  ];
  const figures: BigFigure[] =
    evaluation.masks === 0
      ? []
      : [
          { name: 'Segmentation', value: seg.mean, color: '--seg' },
          { name: 'CAM', value: cam.mean, color: '--cam' },
          { name: 'Auxiliary CAM', value: camAux.mean, color: '--aux' },
        ];
  return html`<header>
    <h1>${data.title}</h1>
    <p class="lead">${data.description}</p>
    <div class="figures">
      ${figures.map((one) => bigFigure(one, baseline))}${baseline && baselineFigure(baseline)}
    </div>
    <dl class="facts">
      ${facts.map(
        ([name, value]) =>
          html`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>
    ${data.protocol === undefined ? undefined : html`<p class="note">${data.protocol}</p>`}
    ${evaluation.masks === 0 ? html`<p class="note">The validation images have no masks: there is no IoU to give.</p>` : undefined}
    ${baseline && html`<p class="note">Classification alone: ${baseline.note}</p>`}
  </header>`;
}

interface BigFigure {
  readonly name: string;
  readonly value: number;
  readonly color: string;
}

function bigFigure({ name, value, color }: BigFigure, baseline: ReportBaseline | undefined): Markup {
  return html`<div class="figure" style="--tint: var(${color})">
    <span class="name">${name}</span>
    <span class="value">${percent(value)}<small>% mIoU</small></span>
    ${baseline && html`<span class="gain"><b>${points(value - baseline.camMean)}</b> points over the baseline</span>`}
  </div>`;
}

function baselineFigure({ camMean }: ReportBaseline): Markup {
  return html`<div class="figure" style="--tint: var(--base)">
    <span class="name">CAM, classification alone</span>
    <span class="value">${percent(camMean)}<small>% mIoU</small></span>
    <span class="gain">the baseline</span>
  </div>`;
}
