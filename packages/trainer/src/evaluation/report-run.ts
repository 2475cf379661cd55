import { corrections } from '@toco/core';
import { counted } from '@toco/files';
import { termNames } from '@toco/method';
import { type ReportData, writeReport } from '@toco/report';
import { describeMachine } from '@toco/runtime';
import { type EvaluationProtocol, formatEvaluationProtocol } from '@toco/segmenter';
import { stringify } from 'yaml';
import type { DrawnEvaluation } from './exemplary-panels.js';
import type { Config } from '../config/config.js';
import { type MetricsRow, secondsOf } from '../logs/metrics-log.js';

/** What is known of a run. */
export interface ReportedRun extends DrawnEvaluation, Pick<ReportData, 'sweeps' | 'threshold'> {
  readonly config: Config;
  /** Name of the data set. */
  readonly data: string;
  readonly classes: readonly string[];
  /** Rows of `metrics.jsonl`; none for a network from elsewhere. */
  readonly rows: readonly MetricsRow[];
  /** What to type to get this again. */
  readonly command: string;
  readonly protocol: EvaluationProtocol;
}

/** One word where it is one for all corrections, else those that are the original's. */
function describeBehavior(behavior: Config['behavior']): string {
  const kept = corrections.filter((name) => behavior[name] === 'reference');
  if (kept.length === 0) return 'behavior ‘corrected’';
  if (kept.length === corrections.length) return 'behavior ‘reference’';
  return `behavior ‘reference’ in ${kept.join(', ')}`;
}

/** Writes the report of a run, see {@link writeReport}. */
export async function reportRun(path: string, run: ReportedRun): Promise<void> {
  const { config, rows } = run;
  const iterations = rows.at(-1)?.iteration ?? 0;
  const trained = `${counted(iterations, 'iteration')} of ${counted(config.batchSize, 'image')}, seed ${config.seed}, ${describeBehavior(config.behavior)}`;
  await writeReport(path, {
    ...run,
    title: `Token Contrast on ${run.data}`,
    description: `Segmentation learned from image-level labels alone${iterations > 0 ? `: ${trained}` : ''}.`,
    protocol: formatEvaluationProtocol(run.protocol),
    machine: describeMachine(),
    config: stringify(config),
    lossTerms: termNames(config.phases),
    batchSize: config.batchSize,
    seconds: secondsOf(rows),
    iterations,
  });
}
