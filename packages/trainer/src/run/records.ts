import type { Config } from '../config/config.js';
import { appendMetrics, readMetrics, truncateMetrics, type MetricsRow } from './metrics-log.js';
import { metricsWindow } from './metrics-window.js';
import { createProgress } from './progress.js';
import { runFiles } from './run-folder.js';
import { tensorBoardWriter } from './tensorboard.js';

/** What a run tells of itself: rows of metrics, TensorBoard's events, the progress line. */
export interface RunRecords {
  /** Takes the metrics of an iteration. */
  step(iteration: number, metrics: Readonly<Record<string, number>>): Promise<void>;
  write(row: MetricsRow): Promise<void>;
  rows(): Promise<MetricsRow[]>;
  /** Ends the progress line, so that what follows stands on its own. */
  pause(): void;
}

/** Opens the records of a run that begins at `start`: rows beyond it, written before a kill, are written again. */
export async function openRecords(
  folder: string,
  config: Config,
  { start, total }: { readonly start: number; readonly total: number },
): Promise<RunRecords> {
  const { metrics: path } = runFiles(folder);
  await truncateMetrics(path, start);
  const board = tensorBoardWriter(folder);
  const progress = createProgress('train', { start });
  const window = metricsWindow();
  const write = async (row: MetricsRow): Promise<void> => {
    await appendMetrics(path, [row]);
    board.write(row);
  };
  return {
    write,
    rows: () => readMetrics(path),
    pause: () => {
      progress.stop();
    },
    async step(iteration, metrics) {
      window.add(metrics);
      const { values, imagesPerSecond } = window.recent(config.batchSize);
      progress.update({ done: iteration, total, imagesPerSecond, values });
      if (iteration % config.run.logEvery !== 0 && iteration !== total) return;
      await write({ kind: 'train', iteration, ...window.take(), memory: process.memoryUsage.rss() });
    },
  };
}
