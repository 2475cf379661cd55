import type { OnPreparationProgress } from '@toco/datasets';
import { createProgress, type Progress } from '../run/progress.js';

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
      const scale = unit === 'bytes' ? 1e6 : 1;
      shown.progress.update({ done: Math.round(done / scale), total: Math.round(total / scale) });
    },
    stop() {
      shown?.progress.stop();
      shown = undefined;
    },
  };
}
