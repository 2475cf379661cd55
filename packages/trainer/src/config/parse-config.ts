import { resolveBehavior } from '@toco/core';
import { assertAverages, describeIssue, resolveShares } from '@toco/method';
import { type Config, configSchema } from './config.js';
import { UserError } from '@toco/files';
import { assertParts } from './parts.js';

/**
 * A configuration with its defaults, from plain data.
 *
 * @param source what errors call it, such as the file's name
 * @throws one line: unknown key with the nearest known one, wrong type, value out of range
 */
export function parseConfig(input: unknown, source = 'config'): Config {
  const result = configSchema.safeParse(resolveBehavior(withoutShares(input ?? {}, source)));
  if (!result.success)
    throw new UserError(describeIssue(result.error.issues[0]!, { schema: configSchema, source, input }));
  checkConsistency(result.data, source);
  return result.data;
}

function withoutShares(input: unknown, source: string): unknown {
  try {
    return resolveShares(input, configSchema.shape.optimizer.parse({}).iterations);
  } catch (error) {
    throw new UserError(`${source}: ${(error as Error).message}`, { cause: error });
  }
}

/** Rules that span several keys. */
function checkConsistency(config: Config, source: string): void {
  const { batchSize, groupSize, views, localCrops, phases, cam } = config;
  const refuse = (line: string): never => {
    throw new UserError(`${source}: ${line}`);
  };
  const { backend, compile, precision, xla } = config.engine;
  const asked = precision === 'f32' ? (xla ? 'xla' : undefined) : `precision ${precision}`;
  if (asked !== undefined && (!compile || backend !== 'tensorflow')) {
    const why = compile ? `the backend ${backend} compiles nothing` : 'engine.compile is false';
    const plain = xla ? 'engine.precision=f32 and engine.xla=false' : 'engine.precision=f32';
    refuse(`engine.${asked} needs a compiled step, and ${why}; set ${plain}, or compile on tensorflow.`);
  }
  if (groupSize !== undefined && batchSize % groupSize !== 0) {
    refuse(`groupSize ${groupSize} does not divide batchSize ${batchSize}; choose a divisor.`);
  }
  try {
    assertParts(config, 1);
    assertAverages(config, config.evaluation.average);
  } catch (error) {
    refuse((error as Error).message);
  }
  if (localCrops.size >= views.cropSize) {
    refuse(
      `localCrops.size ${localCrops.size} does not fit into views.cropSize ${views.cropSize}; make it smaller.`,
    );
  }
  if (localCrops.size % 2 !== 0) refuse(`localCrops.size ${localCrops.size} is odd; choose an even size.`);
  if (views.cropSize % 2 !== 0) refuse(`views.cropSize ${views.cropSize} is odd; choose an even size.`);
  for (const key of ['par', 'reg'] as const) {
    const { downsample } = config[key];
    if (views.cropSize % downsample !== 0)
      refuse(
        `${key}.downsample ${downsample} does not divide views.cropSize ${views.cropSize}; choose a divisor.`,
      );
  }
  if (!phases.some(({ from }) => from === 0))
    refuse('phases: none begins at iteration 0; let the first one do so.');
  if (cam.low >= cam.high) refuse(`cam.low ${cam.low} is not below cam.high ${cam.high}; choose it smaller.`);
}
