import { chartFigure } from '../chart.js';
import { className } from '../class-names.js';
import { html, trusted, type Markup } from '../markup.js';
import { pictureRow } from '../picture-row.js';
import { confusionDrawing } from './confusion-drawing.js';
import { patchSection } from './patch-section.js';
import type { PictureFigure, ShownFigures } from './shown-figures.js';

/** Colors of the style sheet for one run after the other. */
const colors = ['--seg', '--cam', '--ptc', '--ctc', '--aux', '--reg'];

/** A section for every figure. */
export function figureSections({
  patches,
  pictures,
  similarity,
  confusion,
  classes,
}: ShownFigures): Markup[] {
  return [
    patchSection(patches, classes),
    similarity && similarityOfRuns(similarity),
    ...pictures.map((figure) => pictureSection(figure, classes)),
    confusion &&
      html`<section id="confusion">
        <h2>What is taken for what</h2>
        <p>${confusion.text}</p>
        <div class="scroll drawing">${trusted(confusionDrawing(confusion, classes))}</div>
      </section>`,
  ].filter((section) => section !== undefined);
}

function similarityOfRuns({ lines, text }: NonNullable<ShownFigures['similarity']>): Markup {
  const depth = Math.max(...lines.map(({ values }) => values.length));
  return html`<section id="similarity-of-runs">
    <h2>Token similarity of runs</h2>
    <p>${text}</p>
    ${chartFigure({
      title: 'Similarity of patch tokens',
      quantity: 'mean cosine of different tokens of an image',
      xLabel: 'block',
      x: Array.from({ length: depth }, (_, block) => block + 1),
      series: lines.map(({ run, values }, i) => ({
        label: run,
        color: colors[i % colors.length]!,
        values: Array.from({ length: depth }, (_, block) => values[block] ?? null),
        dashed: i > 0,
      })),
      range: [0, 1],
      dots: true,
    })}
  </section>`;
}

function pictureSection({ name, title, text, rows }: PictureFigure, classes: readonly string[]): Markup {
  return html`<section id="${name}">
    <h2>${title}</h2>
    <p>${text}</p>
    <div class="panels">
      ${rows.map(
        ({ id, labels, pictures }) =>
          html`<article class="panel">
            <p class="caption">
              ${labels.map((label) => className(label, classes))}<span class="id">${id}</span>
            </p>
            ${pictureRow(id, pictures)}
          </article>`,
      )}
    </div>
  </section>`;
}
