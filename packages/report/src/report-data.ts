import type { Evaluation } from '@toco/segmenter';
import type { ReportRow } from './report-row.js';
import type { ReportPanel } from './report-panel.js';

/** Figures of a network trained by classification alone, on the same data. */
export interface ReportBaseline {
  /** mIoU of its CAM, 0…1. */
  readonly camMean: number;
  /** IoU of each class, background first; NaN where a class is absent. */
  readonly camPerClass?: readonly number[] | undefined;
  /** Mean cosine of different patch tokens after each block. */
  readonly similarity?: readonly number[] | undefined;
  /** How it was made, one sentence. */
  readonly note: string;
}

/** mIoU of a CAM at every threshold, 0…1. */
export interface ReportSweep {
  readonly thresholds: readonly number[];
  readonly means: readonly number[];
  readonly best: { readonly threshold: number; readonly mean: number };
}

/** Everything that a report shows; no number of the page comes from elsewhere. */
export interface ReportData {
  readonly title: string;
  /** One sentence. */
  readonly description: string;
  /** What to type to get this run again. */
  readonly command: string;
  /** The machine in one line. */
  readonly machine: string;
  /** Names of the foreground classes. */
  readonly classes: readonly string[];
  /** The resolved configuration as YAML. */
  readonly config: string;
  /** Rows of `metrics.jsonl`. */
  readonly rows: readonly ReportRow[];
  /** Terms of the loss by their names in the rows, in the order in which they are shown. */
  readonly lossTerms: readonly string[];
  /** Images of a step; with the seconds of a step they give the speed. */
  readonly batchSize: number;
  /** Figures of the last validation. */
  readonly evaluation: Evaluation;
  /** How these figures were made, in one line. */
  readonly protocol?: string | undefined;
  /** By thresholds that are the same for both maps. */
  readonly sweeps?: { readonly cam?: ReportSweep; readonly camAux?: ReportSweep } | undefined;
  /** The threshold of the CAMs in the other figures. */
  readonly threshold?: number | undefined;
  readonly panels: readonly ReportPanel[];
  readonly baseline?: ReportBaseline | undefined;
  /** Wall-clock time of the run. */
  readonly seconds: number;
  readonly iterations: number;
}
