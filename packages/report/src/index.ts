export type { Panel } from './panel.js';
export { panelsPerGroup, rankPanels } from './rank-panels.js';
export type { ReportBaseline, ReportData } from './report-data.js';
export { reportPanel, type ReportPanel, type ReportPanelOptions } from './report-panel.js';
export type { ReportRow } from './report-row.js';
export { writeReport } from './write-report.js';
export { makeReportFolder } from './report-folder.js';
