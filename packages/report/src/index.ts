export type { FigurePicture, Mark } from './figure-picture.js';
export type {
  ConfusionFigure,
  FigureRow,
  PatchTokens,
  PictureFigure,
  ShownFigures,
  SimilarityLine,
} from './figures/shown-figures.js';
export { addFigures, assertTakesFigures } from './figures/figures-in-report.js';
export { writeFigures } from './figures/write-figures.js';
export { classColor } from './class-color.js';
export type { Panel } from './panel.js';
export { panelsPerGroup, rankPanels } from './rank-panels.js';
export type { ReportBaseline, ReportData, ReportSweep } from './report-data.js';
export { reportPanel, type ReportPanel, type ReportPanelOptions } from './report-panel.js';
export type { ReportRow } from './report-row.js';
export { writeReport } from './write-report.js';
export { makeReportFolder } from './report-folder.js';
