import type { ConfigInput } from '@toco/trainer';
import { settings as toco } from './toco-config.js';

/** The same training with the loss of the final classifier alone. */
export const settings = {
  ...toco,
  phases: [{ from: 0, weights: { cls: 1, clsAux: 0, ptc: 0, ctc: 0, seg: 0, reg: 0 } }],
} satisfies ConfigInput;
