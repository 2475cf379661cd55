import { UserError } from '@toco/files';
import type { Config } from './config.js';

/**
 * Whether a batch can be parted so that the parts' mean is what the whole gives.
 *
 * @param processes N, each of which takes an equal part, in `accumulate` k parts of its own
 * @throws one line that names the value to set
 */
export function assertParts(
  config: Pick<Config, 'batchSize' | 'groupSize' | 'accumulate'>,
  processes: number,
): void {
  const { batchSize, groupSize, accumulate } = config;
  const parts = processes * accumulate;
  if (parts === 1) return;
  const how = [
    ...(processes > 1 ? [`${processes} processes`] : []),
    ...(accumulate > 1 ? [`accumulate ${accumulate}`] : []),
  ].join(' and ');
  if (batchSize % parts !== 0)
    throw new UserError(
      `batchSize ${batchSize} can't be parted by ${how}: set batchSize to a multiple of ${parts}.`,
    );
  const each = batchSize / parts;
  // The paper's two images where they fit, else the largest that does.
  const fitting = each % 2 === 0 ? 2 : each;
  const advice = `set groupSize=${fitting}${fitting === 2 ? " (the paper's)" : ''}`;
  if (groupSize === undefined)
    throw new UserError(
      `groupSize is not set, which means the whole batch, and with ${how} no part is that: ${advice}, and the result does not depend on the parts.`,
    );
  if (each % groupSize !== 0)
    throw new UserError(
      `groupSize ${groupSize} does not divide the ${each} image${each === 1 ? '' : 's'} of a part (batchSize ${batchSize}, ${how}): ${advice}, or make the batch larger.`,
    );
}

/** @throws one line where a configuration can't be trained in several processes */
export function assertShareable(config: Config, processes: number): void {
  if (processes === 1) return;
  const { compile, xla, backend } = config.engine;
  const why =
    (backend !== 'tensorflow' && `engine.backend is ${backend}`) ||
    (!compile && 'engine.compile is false') ||
    (xla && 'engine.xla is true, and XLA compiles no reductions');
  if (why)
    throw new UserError(
      `${processes} processes need a compiled step on tensorflow, and ${why}; change that, or train in one process.`,
    );
  assertParts(config, processes);
}
