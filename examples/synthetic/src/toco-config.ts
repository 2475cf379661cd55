import type { ConfigInput } from '@toco/trainer';
import { weightsFile } from './weights-file.js';

const iterations = 300;
const weights = { cls: 1, clsAux: 1, ptc: 0.2, ctc: 0.5, seg: 0, reg: 0 };

/** ToCo as in the paper, with a schedule of minutes. */
export const settings = {
  network: { weights: weightsFile },
  // the scenes' backgrounds keep CAMs above the 0.25 that suits photographs
  cam: { low: 0.45 },
  optimizer: { lr: 1e-4, warmup: 15, iterations },
  phases: [
    { from: 0, weights },
    { from: 30, weights: { ...weights, seg: 0.1, reg: 0.05 } },
  ],
  evaluation: { every: 100 },
  run: { checkpointEvery: 100, logEvery: 10 },
} satisfies ConfigInput;
