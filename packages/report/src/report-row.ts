/** A row of a run's figures, training or validation; those of `metrics.jsonl` are such. */
export interface ReportRow {
  readonly kind: 'train' | 'evaluation';
  readonly iteration: number;
  readonly [metric: string]: number | string | readonly number[];
}
