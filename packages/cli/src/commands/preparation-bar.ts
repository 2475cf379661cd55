import { createProgress, type OnPreparationProgress, type Progress } from '@toco/files';

/** Shows how far each stage is, with the time that is left; `stop` ends the last one's line. */
export function preparationBar(): { onProgress: OnPreparationProgress; stop(): void } {
  let shown: { stage: string; progress: Progress } | undefined;
  return {
    onProgress({ stage, done, total, unit }) {
      if (shown?.stage !== stage) {
        shown?.progress.stop();
        const label = unit === 'bytes' ? `${stage} (MB)` : stage;
        shown = { stage, progress: createProgress(label) };
      }
      // Whole units, rounded so that the last one is full only at the end.
      const whole = Math.max(1, Math.round(unit === 'bytes' ? total / 1e6 : total));
      shown.progress.update({ done: Math.floor((whole * done) / Math.max(1, total)), total: whole });
    },
    stop() {
      shown?.progress.stop();
      shown = undefined;
    },
  };
}
