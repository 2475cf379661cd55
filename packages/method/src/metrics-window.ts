import { lossTerms } from './phase.js';

/** What a window holds: it belongs to a checkpoint, so that a resumed run writes the rows of one that never stopped. */
export interface MetricsWindowState {
  /** Sum and number of values since the last row. */
  readonly sums: Readonly<Record<string, MetricSum>>;
  /** Exponential means. */
  readonly smooth: Readonly<Record<string, number>>;
}

interface MetricSum {
  readonly total: number;
  readonly count: number;
}

/** Metrics of the iterations since the last row, and a moving view of them for the progress line. */
export interface MetricsWindow {
  add(metrics: Readonly<Record<string, number>>): void;
  /** Means over the iterations since the window was last cleared. */
  means(): Record<string, number>;
  clear(): void;
  /** Whether there was no iteration since then. */
  isEmpty(): boolean;
  /** Exponential means of the loss and its terms. */
  recent(): Record<string, number>;
  /** What {@link metricsWindow} goes on from. */
  state(): MetricsWindowState;
}

/**
 * A window that goes on from where another was, or an empty one.
 *
 * @param terms of the loss, those of one's own included
 */
export function metricsWindow(
  from: MetricsWindowState = { sums: {}, smooth: {} },
  terms: readonly string[] = lossTerms,
): MetricsWindow {
  const shown = ['loss', ...terms];
  let sums: Record<string, MetricSum> = { ...from.sums };
  const smooth: Record<string, number> = { ...from.smooth };
  return {
    add(metrics) {
      for (const [key, value] of Object.entries(metrics)) {
        const { total, count } = sums[key] ?? { total: 0, count: 0 };
        sums[key] = { total: total + value, count: count + 1 };
        smooth[key] = smooth[key] === undefined ? value : 0.9 * smooth[key] + 0.1 * value;
      }
    },
    means: () =>
      Object.fromEntries(Object.entries(sums).map(([key, { total, count }]) => [key, total / count])),
    clear() {
      sums = {};
    },
    isEmpty: () => Object.keys(sums).length === 0,
    recent: () => Object.fromEntries(Object.entries(smooth).filter(([key]) => shown.includes(key))),
    state: () => ({ sums: { ...sums }, smooth: { ...smooth } }),
  };
}
