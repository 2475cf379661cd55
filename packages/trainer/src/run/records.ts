import type { Config } from '../config/config.js';
import type { BatchFeed } from '@toco/datasets';
import type { Phase } from '@toco/method';
import { appendMetrics, readMetrics, repairMetrics, type MetricsRow } from '../logs/metrics-log.js';
import { metricsWindow, type MetricsWindowState, termNames } from '@toco/method';
import { createProgress } from '@toco/files';
import { runFiles } from '../checkpoints/run-folder.js';
import { tensorBoardWriter } from '../logs/tensorboard.js';
import { trainingPace } from '@toco/method';

/** What a run tells of itself: rows of metrics, TensorBoard's events, the progress line. */
export interface RunRecords {
  /** Takes the metrics of an iteration, and what it was an iteration of. */
  step(
    iteration: number,
    metrics: Readonly<Record<string, number>>,
    of: { readonly feed: BatchFeed; readonly phase: Phase },
  ): Promise<void>;
  write(row: MetricsRow): Promise<void>;
  rows(): Promise<MetricsRow[]>;
  /** The metrics since the last row, which belong to a checkpoint. */
  window(): MetricsWindowState;
  /** Ends the progress line, so that what follows stands on its own. */
  pause(): void;
  /** What comes now is the next iteration's time. */
  resume(): void;
}

/** Records of a process that writes none: the leader's are those of all. */
export const silentRecords: RunRecords = {
  step: () => Promise.resolve(),
  write: () => Promise.resolve(),
  rows: () => Promise.resolve([]),
  window: () => ({ sums: {}, smooth: {} }),
  pause: () => undefined,
  resume: () => undefined,
};

/** What {@link openRecords} is told. */
export interface RecordsOptions {
  readonly config: Config;
  /** Iteration that the run begins at: rows beyond it, written before a kill, are written again. */
  readonly start: number;
  readonly total: number;
  /** The metrics that the checkpoint holds. */
  readonly window: MetricsWindowState | undefined;
  readonly validates: boolean;
  readonly print: (line: string) => void;
}

/** Opens the records of a run that begins, or goes on. */
export async function openRecords(
  folder: string,
  { config, start, total, validates, print, ...options }: RecordsOptions,
): Promise<RunRecords> {
  const { logEvery } = config.run;
  const { metrics: path } = runFiles(folder);
  const window = metricsWindow(options.window, termNames(config.phases));
  // A run that ended here has written its last row before the window was full.
  const isComplete = start === total || window.isEmpty();
  const isKept = ({ kind, iteration }: MetricsRow): boolean =>
    iteration < start || (iteration === start && (kind === 'evaluation' || isComplete));
  const earlier = await repairMetrics(path, isKept, print);
  const board = await tensorBoardWriter(folder, earlier);
  const progress = createProgress('train', { givesLeft: true });
  const evaluateEvery = validates ? config.evaluation.every : undefined;
  const pace = trainingPace({ total, evaluateEvery, rows: earlier, now: () => performance.now() });
  const write = async (row: MetricsRow): Promise<void> => {
    await appendMetrics(path, [row]);
    board.write(row);
    if (row.kind === 'evaluation') pace.validated(row['seconds'] as number);
  };
  const writeWindow = async (iteration: number): Promise<void> => {
    await write({ kind: 'train', iteration, ...window.means(), memory: process.memoryUsage.rss() });
    // A run that ends within a window keeps it: with more iterations it goes on. So does one that could not write.
    if (iteration % logEvery === 0) window.clear();
  };
  // The row of a full window that could not be written, on a full disk.
  if (start % logEvery === 0 && !window.isEmpty()) await writeWindow(start);
  return {
    write,
    rows: () => readMetrics(path),
    window: () => window.state(),
    pause: () => {
      progress.stop();
    },
    resume: () => {
      pace.resume();
    },
    async step(iteration, metrics, { feed, phase }) {
      window.add(metrics);
      pace.stepped(feed, phase);
      const each = pace.seconds();
      progress.update({
        ...{ done: iteration, total, values: window.recent(), left: pace.left(iteration) },
        imagesPerSecond: each && config.batchSize / each,
      });
      if (iteration % logEvery === 0 || iteration === total) await writeWindow(iteration);
    },
  };
}
