import { className } from './class-names.js';
import { percent } from './format-figures.js';
import { html, type Markup } from './markup.js';
import type { ReportData } from './report-data.js';

interface Method {
  readonly name: string;
  readonly color: string;
  readonly perClass: readonly number[];
  readonly mean: number;
}

/** From here on the classes are shown in two tables side by side. */
const longList = 26;

/** IoU of every class, background included, as bars and numbers. */
export function classSection({ evaluation, baseline, classes }: ReportData): Markup | undefined {
  if (evaluation.masks === 0) return undefined;
  const { seg, cam } = evaluation;
  const methods: Method[] = [
    { name: 'segmentation', color: '--seg', ...seg },
    { name: 'CAM', color: '--cam', ...cam },
  ];
  if (baseline?.camPerClass) {
    methods.push({
      name: 'CAM, classification alone',
      color: '--base',
      perClass: baseline.camPerClass,
      mean: baseline.camMean,
    });
  }
  const labels = seg.perClass.map((_, label) => label);
  const half = labels.length < longList ? labels.length : Math.ceil(labels.length / 2);
  const halves = [labels.slice(0, half), labels.slice(half)].filter((part) => part.length > 0);
  const absent = seg.absent.length;
  return html`<section id="classes">
    <h2>IoU per class</h2>
    <p>
      In percent, from one confusion matrix over the ${evaluation.images} validation
      images.${
        absent > 0
          ? html` ${absent} of ${labels.length} classes ${absent === 1 ? 'is' : 'are'} in neither truth nor
            segmentation and left out of its mean.`
          : undefined
      }
    </p>
    <div class="tables">
      ${halves.map((part, i) => classTable(part, { methods, classes, withMean: i === halves.length - 1 }))}
    </div>
  </section>`;
}

function classTable(
  labels: readonly number[],
  {
    methods,
    classes,
    withMean,
  }: { methods: readonly Method[]; classes: readonly string[]; withMean: boolean },
): Markup {
  return html`<table class="classes">
    <thead>
      <tr>
        <th scope="col">class</th>
        <td class="track scale"><span>0</span><span>50</span><span>100</span></td>
        ${methods.map(
          ({ name, color }) => html`<th scope="col"><i style="background: var(${color})"></i>${name}</th>`,
        )}
      </tr>
    </thead>
    <tbody>
      ${labels.map((label) =>
        classRow(
          className(label, classes),
          methods.map(({ color, perClass }) => ({ color, iou: perClass[label] ?? Number.NaN })),
        ),
      )}
    </tbody>
    ${
      withMean
        ? html`<tfoot>
            ${classRow(
              html`mean`,
              methods.map(({ color, mean }) => ({ color, iou: mean })),
            )}
          </tfoot>`
        : undefined
    }
  </table>`;
}

function classRow(name: Markup, cells: readonly { color: string; iou: number }[]): Markup {
  return html`<tr>
    <th scope="row">${name}</th>
    <td class="track">
      ${cells.map(({ color, iou }) =>
        Number.isFinite(iou)
          ? html`<i style="width: ${(100 * iou).toFixed(1)}%; background: var(${color})"></i>`
          : html`<i></i>`,
      )}
    </td>
    ${cells.map(({ iou }) =>
      Number.isFinite(iou) ? html`<td>${percent(iou)}</td>` : html`<td class="absent">absent</td>`,
    )}
  </tr>`;
}
