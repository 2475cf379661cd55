import { count, duration, percent, points } from './format-figures.js';
import { html, type Markup } from './markup.js';
import type { ReportData } from './report-data.js';

/** Title, description and the figures that matter most. */
export function headline(data: ReportData): Markup {
  const { evaluation, baseline } = data;
  const { seg, cam, camAux } = evaluation;
  const facts: readonly (readonly [string, string])[] = [
    ['classification F1', evaluation.f1.toFixed(3)],
    ['images validated', count(evaluation.images)],
    ['iterations', count(data.iterations)],
    ['time', duration(data.seconds)],
    ['machine', data.machine],
  ];
  return html`<header>
    <h1>${data.title}</h1>
    <p class="lead">${data.description}</p>
    <div class="figures">
      ${bigFigure({ name: 'Segmentation', value: seg.mean, colour: '--seg', main: true })}
      ${bigFigure({ name: 'CAM', value: cam.mean, colour: '--cam' })}
      ${bigFigure({ name: 'Auxiliary CAM', value: camAux.mean, colour: '--aux' })}
      ${
        baseline &&
        bigFigure({
          name: 'CAM of classification alone',
          value: baseline.camMean,
          colour: '--base',
          note: html`${gain('segmentation', seg.mean - baseline.camMean)}${gain('CAM', cam.mean - baseline.camMean)}`,
        })
      }
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
    ${baseline && html`<p class="note">Classification alone: ${baseline.note}</p>`}
  </header>`;
}

function bigFigure({
  name,
  value,
  colour,
  main = false,
  note,
}: {
  name: string;
  value: number;
  colour: string;
  main?: boolean;
  note?: Markup;
}): Markup {
  return html`<div class="figure${main ? ' main' : ''}" style="--tint: var(${colour})">
    <span class="name">${name}</span>
    <span class="value">${percent(value)}<small>% mIoU</small></span>
    ${note}
  </div>`;
}

function gain(name: string, difference: number): Markup {
  return html`<span class="gain"><b>${points(difference)}</b> points: ${name} over it</span>`;
}
