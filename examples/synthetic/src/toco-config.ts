import type { ConfigInput } from '@toco/trainer';
import { weightsFile } from './weights-file.js';

const iterations = 500;
const weights = { cls: 1, clsAux: 1, ptc: 0.2, ctc: 0.5, seg: 0, reg: 0 };

/** ToCo as in the paper, with a schedule of minutes. */
export const settings = {
  network: { weights: weightsFile },
  optimizer: { lr: 1e-4, warmup: 25, iterations },
  phases: [
    { from: 0, weights },
    { from: 75, weights: { ...weights, seg: 0.1, reg: 0.05 } },
  ],
  evaluation: { every: 250 },
  run: { checkpointEvery: 100, logEvery: 10 },
} satisfies ConfigInput;
