import type { Planes } from '../masks/resize-planes.js';
import type { PassOutput } from './pass-engine.js';

/** Which of the two an image is seen as. */
export type Twin = 'plain' | 'mirrored';

/** Maps of one image from one pass, those of a mirrored image mirrored back. */
export interface ImageMaps {
  readonly scale: number;
  readonly twin: Twin;
  readonly maps: Readonly<Partial<Record<PassOutput, Planes>>>;
}
