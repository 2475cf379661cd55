import { chartFigure } from './chart.js';
import { classSection } from './class-section.js';
import { configurationSection } from './configuration-section.js';
import { headline } from './headline.js';
import { html, trusted } from './markup.js';
import type { PageFiles } from './page-files.js';
import { panelSection } from './panel-section.js';
import type { ReportData } from './report-data.js';
import { similaritySection } from './similarity-section.js';
import { trainingCharts } from './training-charts.js';

/** The browser itself makes sure that nothing is fetched from anywhere. */
const policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/**
 * The whole report as one HTML file.
 *
 * @param files what is put into it
 */
export function reportPage(data: ReportData, { styles, scripts }: PageFiles): string {
  const charts = trainingCharts(data.rows, data);
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${data.title}</title>
        <style>
          ${styles.map((style) => trusted(style))}
        </style>
      </head>
      <body>
        <main>
          ${headline(data)} ${panelSection(data)} ${classSection(data)} ${similaritySection(data)}
          ${
            charts.length > 0
              ? html`<section id="training">
                  <h2>Training</h2>
                  <p>Click a name below a chart to hide or show its line.</p>
                  <div class="charts">${charts.map((chart) => chartFigure(chart))}</div>
                </section>`
              : undefined
          }
          ${configurationSection(data)}
        </main>
        ${scripts.map(
          (script) =>
            html`<script>
              ${trusted(script)};
            </script>`,
        )}
      </body>
    </html> `.markup;
}
