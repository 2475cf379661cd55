import { existsSync } from 'node:fs';
import { vit } from '@toco/backbone';

const tiny = vit({ name: 'failing', imageSize: 32, patchSize: 8, dim: 12, depth: 3, heads: 3 });

/** Fails from the moment that the file exists which the environment names. */
export const backbone = {
  ...tiny,
  apply: (...given) => {
    if (existsSync(process.env.TOCO_TEST_FAIL ?? '')) throw new Error('the backbone failed');
    return tiny.apply(...given);
  },
};
