import type { ConfigInput } from '@toco/trainer';
import { weightsFile } from './weights-file.js';

/**
 * ToCo with a schedule of minutes. As in the paper's COCO run, the segmentation learns from the auxiliary CAM; its weights
 * know the classes already, so nothing waits for them.
 */
export const settings = {
  network: { weights: weightsFile },
  cam: { low: 0.4, high: 0.65 },
  optimizer: { lr: 1e-4, warmup: 20, iterations: 300 },
  phases: [
    { from: 0, weights: { cls: 1, clsAux: 1, ptc: 0.4, ctc: 0.5, seg: 0.1, reg: 0.05 }, labelCam: 'aux' },
  ],
  evaluation: { every: 150 },
  run: { checkpointEvery: 50, logEvery: 5 },
} satisfies ConfigInput;
