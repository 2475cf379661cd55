import { vit } from '@toco/backbone';

/** Small enough that a test trains it in seconds. */
export const backbone = vit({ name: 'tiny', imageSize: 32, patchSize: 8, dim: 12, depth: 3, heads: 3 });
