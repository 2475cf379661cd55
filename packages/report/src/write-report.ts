import { writeWhole } from '@toco/files';
import { reportPage } from './page.js';
import { pageFiles } from './page-files.js';
import type { ReportData } from './report-data.js';

/**
 * Writes the report of a run: one HTML file with everything in it, for any browser, without a network.
 *
 * @throws one line where the file can't be written
 * @example
 * await writeReport('runs/scenes/report.html', { ...data, rows: await readMetrics('runs/scenes/metrics.jsonl') });
 */
export async function writeReport(path: string, data: ReportData): Promise<void> {
  await writeWhole(path, [new TextEncoder().encode(reportPage(data, await pageFiles()))]);
}
