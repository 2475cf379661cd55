import { chartFigure } from './chart.js';
import { classSection } from './class-section.js';
import { configurationSection } from './configuration-section.js';
import { headline } from './headline.js';
import { html } from './markup.js';
import type { PageFiles } from './page-files.js';
import { pageFrame } from './page-frame.js';
import { panelSection } from './panel-section.js';
import type { ReportData } from './report-data.js';
import { placeOfFigures } from './place-of-figures.js';
import { similaritySection } from './similarity-section.js';
import { thresholdSection } from './threshold-section.js';
import { trainingCharts } from './training-charts.js';

/**
 * The whole report as one HTML file.
 *
 * @param files what is put into it
 */
export function reportPage(data: ReportData, files: PageFiles): string {
  const charts = trainingCharts(data.rows, data);
  const content = html`${headline(data)} ${panelSection(data)} ${classSection(data)} ${thresholdSection(data)}
  ${similaritySection(data)}
  ${
    charts.length > 0
      ? html`<section id="training">
          <h2>Training</h2>
          <p>Click a name below a chart to hide or show its line.</p>
          <div class="charts">${charts.map((chart) => chartFigure(chart))}</div>
        </section>`
      : undefined
  }
  ${placeOfFigures} ${configurationSection(data)}`;
  return pageFrame({ title: data.title, content }, files);
}
