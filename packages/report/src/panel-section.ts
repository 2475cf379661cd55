import { className } from './class-names.js';
import { percent } from './format-figures.js';
import { heatColor } from '@toco/segmenter';
import { html, type Markup } from './markup.js';
import { pictureRow } from './picture-row.js';
import { panelsPerGroup, rankPanels } from './rank-panels.js';
import type { ReportData } from './report-data.js';
import { panelColumns, type PanelColumn, type ReportPanel } from './report-panel.js';

const titles: Readonly<Record<PanelColumn, string>> = {
  image: 'image',
  baselineCam: 'CAM, classification alone',
  cam: 'CAM',
  camAux: 'auxiliary CAM',
  seg: 'segmentation',
  truth: 'truth',
};

/** Rows of pictures: what went in, what the network made of it, and the truth. */
export function panelSection({ panels, classes }: ReportData): Markup | undefined {
  const groups = rankPanels(panels, panelsPerGroup);
  if (groups.length === 0) return undefined;
  const scored = panels.some(({ iou }) => Number.isFinite(iou));
  const stops = Array.from({ length: 11 }, (_, i) => `rgb(${heatColor(i / 10).join(',')})`);
  return html`<section id="panels">
    <h2>Predictions</h2>
    <p>
      Validation images${scored ? ' by IoU of the segmentation on the image alone' : ''}. Heat is the
      activation of the strongest class that the image shows
      <span class="ramp"
        ><span>0</span><i style="background: linear-gradient(90deg, ${stops.join(', ')})"></i
        ><span>1</span></span
      >, outlined in the class’s color where it counts as that class.
    </p>
    ${groups.map(
      ({ title, panels: members }) =>
        html`<h3>${title}</h3>
          <div class="panels">${members.map((panel) => panelRow(panel, classes))}</div>`,
    )}
  </section>`;
}

function panelRow(panel: ReportPanel, classes: readonly string[]): Markup {
  const columns = panelColumns.filter((column) => panel.pictures[column] !== undefined);
  return html`<article class="panel">
    <p class="caption">
      ${Number.isFinite(panel.iou) ? html`<b>${percent(panel.iou)}</b>` : undefined}
      ${panel.labels.map((label) => className(label, classes))}
      ${panel.mistaken.length > 0 ? html`<span class="wrong">not shown, but predicted: ${panel.mistaken.map((label) => className(label, classes))}</span>` : undefined}
      <span class="id">${panel.id}</span>
    </p>
    ${pictureRow(
      panel.id,
      columns.map((column) => ({ ...panel, title: titles[column], jpeg: panel.pictures[column]! })),
    )}
  </article>`;
}
