import type { TensorTree } from '@toco/core';
import {
  defaultLayout,
  exportArrays,
  importArrays,
  type Backbone,
  type ImportReport,
  type Layout,
} from '@toco/backbone';
import type { FloatArray, StoredArray } from '@toco/core';
import type { NetworkParams, NetworkState, ProjectionHeadParams } from './params.js';

type CheckpointTree<P extends TensorTree> = NetworkParams<P> & { readonly proj_head_t: ProjectionHeadParams };

const encoder = 'encoder.';

/** Classifiers are 1×1 convolutions in the file; all other layouts follow from the number of axes. */
function layout(path: string, shape: readonly number[]): Layout {
  return /^(aux_)?classifier\.weight$/.test(path) ? 'pointwise' : defaultLayout(path, shape);
}

/** A network's state with the arrays of a whole checkpoint in place of its values; see `Network.importCheckpoint`. */
export function importCheckpoint<P extends TensorTree>(
  backbone: Backbone<P>,
  { params, teacher }: NetworkState<P>,
  arrays: Readonly<Record<string, StoredArray>>,
): NetworkState<P> & { readonly report: ImportReport } {
  const tree: CheckpointTree<P> = { ...params, proj_head_t: teacher };
  const { params: imported, report } = importArrays(tree, arrays, {
    layout,
    adapt: (path, stored, shape) =>
      path.startsWith(encoder) ? backbone.adapt?.(path.slice(encoder.length), stored, shape) : undefined,
  });
  const { proj_head_t, ...rest } = imported;
  return { params: rest, teacher: proj_head_t, report };
}

/** @throws one line where a parameter has the name of the teacher in a checkpoint, which would take its place there */
export function assertParamNames(params: object): void {
  if ('proj_head_t' in params)
    throw new Error(
      'network: its parameters have proj_head_t, the name of the teacher in every checkpoint; give that part another name in init().',
    );
}

/** The arrays of a whole checkpoint; see `Network.exportCheckpoint`. */
export async function exportCheckpoint({
  params,
  teacher,
}: NetworkState): Promise<Record<string, FloatArray>> {
  assertParamNames(params);
  const tree: CheckpointTree<TensorTree> = { ...params, proj_head_t: teacher };
  return exportArrays(tree, { layout });
}
