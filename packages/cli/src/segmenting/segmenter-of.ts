import { UserError } from '@toco/files';
import { type Segmenter, segmenter, type SegmenterOptions, type SegmenterOutput } from '@toco/segmenter';
import type { OpenModel } from './open-model.js';

/**
 * A segmenter on a network that a command opened.
 *
 * @throws one line where the network can't do what the command line asks for
 */
export function segmenterOf<const O extends SegmenterOutput>(
  { loaded, computes }: OpenModel,
  options: SegmenterOptions<O>,
): Segmenter<O> {
  try {
    return segmenter(loaded.network, loaded.params, { ...computes, ...options });
  } catch (error) {
    throw new UserError((error as Error).message, { cause: error });
  }
}
