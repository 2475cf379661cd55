import { readWeights } from './read-weights.js';
import type { ImportReport } from '@toco/backbone';
import type { NDArray } from '@toco/formats';
import { disposeTree, type TensorTree } from '@toco/core';
import type { Network, NetworkState } from '@toco/network';
import { counted, UserError } from '@toco/files';

/**
 * The arrays of a whole network's checkpoint under the names of the authors' first release: newer PyTorch calls length and
 * direction of a weight-normalized layer otherwise.
 */
function withReleaseNames(arrays: Readonly<Record<string, NDArray>>): Record<string, NDArray> {
  const renamed = (name: string): string =>
    name
      .replace(/\.parametrizations\.weight\.original0$/, '.weight_g')
      .replace(/\.parametrizations\.weight\.original1$/, '.weight_v');
  return Object.fromEntries(Object.entries(arrays).map(([name, array]) => [renamed(name), array]));
}

/**
 * The arrays of a weight file that holds a whole network, by the authors' names (`encoder.*`, `classifier.weight`, …).
 *
 * @throws one line where the file holds no such network
 */
export function readNetworkArrays(path: string): Record<string, NDArray> {
  const arrays = withReleaseNames(readWeights(path).arrays);
  if (!Object.hasOwn(arrays, 'classifier.weight')) {
    const [first = 'nothing'] = Object.keys(arrays);
    throw new UserError(
      `${path}: holds no ToCo network (classifier.weight is missing, it begins with ${first}); a backbone alone goes to backbone.weights.`,
    );
  }
  return arrays;
}

/** What serves training only, and may be missing where a network is used. */
const trainingOnly = /^proj_head(_t)?\./;

/**
 * A network's state with the values of a checkpoint, such as those that ToCo's authors released. Only the projection heads
 * may be missing; what the network does not have (`encoder.head.*`) is left over.
 *
 * @param options `name`: what errors call the checkpoint; `complete`: whether it must have all that the network has, and
 * nothing else, as one of our own
 * @throws one line where the checkpoint belongs to another architecture
 */
export function importNetwork<P extends TensorTree>(
  network: Network<P>,
  arrays: Readonly<Record<string, NDArray>>,
  { name, complete = false }: { readonly name: string; readonly complete?: boolean | undefined },
): NetworkState<P> & { readonly report: ImportReport } {
  const fresh = network.init(0);
  try {
    const result = network.importCheckpoint(fresh, arrays);
    const { missing, leftOver } = result.report;
    const unfit = complete ? [...missing, ...leftOver] : missing.filter((path) => !trainingOnly.test(path));
    if (unfit.length === 0) return result;
    disposeTree({ params: result.params, teacher: result.teacher });
    throw new UserError(
      `${unfit.length} arrays ${complete ? 'differ' : 'are missing'} (${unfit.slice(0, 3).join(', ')}, …)`,
    );
  } catch (error) {
    throw new UserError(
      `${name}: this checkpoint is of another architecture than ${network.backbone.name} with ${counted(network.numClasses, 'class', 'classes')}: ${(error as Error).message}; give what it was trained with: --set backbone.name=… (--backbone file.js for one of your own), and --set network.decoderDim=… and the like where its heads have other widths.`,
      { cause: error },
    );
  } finally {
    disposeTree(fresh);
  }
}
