/** Metrics of the iterations since the last row, and a moving view of them for the progress line. */
export interface MetricsWindow {
  add(metrics: Readonly<Record<string, number>>): void;
  /** Means over the iterations since the last {@link take}; begins anew. */
  take(): Record<string, number>;
  /** Exponential means of the loss and its terms, and images per second over the last iterations. */
  recent(batchSize: number): { values: Record<string, number>; imagesPerSecond: number };
}

const shown = ['loss', 'cls', 'clsAux', 'ptc', 'ctc', 'seg', 'reg'];

/** An empty window. */
export function metricsWindow(): MetricsWindow {
  let sums: Record<string, { total: number; count: number }> = {};
  const smooth: Record<string, number> = {};
  return {
    add(metrics) {
      for (const [key, value] of Object.entries(metrics)) {
        const sum = (sums[key] ??= { total: 0, count: 0 });
        sum.total += value;
        sum.count++;
        smooth[key] = smooth[key] === undefined ? value : 0.9 * smooth[key] + 0.1 * value;
      }
    },
    take() {
      const means = Object.fromEntries(
        Object.entries(sums).map(([key, { total, count }]) => [key, total / count]),
      );
      sums = {};
      return means;
    },
    recent(batchSize) {
      const values = Object.fromEntries(Object.entries(smooth).filter(([key]) => shown.includes(key)));
      return { values, imagesPerSecond: batchSize / smooth['seconds']! };
    },
  };
}
