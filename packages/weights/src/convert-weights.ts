import { readWeights } from './read-weights.js';
import type { NDArray } from '@toco/formats';
import { writeNpz, writeSafetensors } from '@toco/formats';
import { listNames } from './import-report.js';
import { namePrefix } from './name-prefix.js';
import { resolveWeights, type ResolveWeightsOptions } from './resolve-weights.js';
import { counted, UserError } from '@toco/files';

/** Options of {@link convertWeights}. */
export interface ConvertOptions {
  /** `timm`: the backbone alone under timm's names; `toco`: under `encoder.`; by default the names that it has. */
  readonly to?: 'timm' | 'toco' | undefined;
  /** Which set of weights of a PyTorch file to take where there are several. */
  readonly container?: string | undefined;
  readonly print?: ((line: string) => void) | undefined;
  /** Shows megabytes of a download. */
  readonly bar?: ResolveWeightsOptions['bar'] | undefined;
}

/**
 * Reads weights of any format and writes them as safetensors or npz, by the ending of `out`; PyTorch's layouts and timm's
 * names come out whatever went in.
 *
 * @param input path, or a model on a hub
 * @returns the arrays that were written
 * @throws one line: what can't be read, or an ending that is neither `.safetensors` nor `.npz`
 */
export async function convertWeights(
  input: string,
  out: string,
  { to, container, bar, print = (line) => process.stderr.write(`${line}\n`) }: ConvertOptions = {},
): Promise<Record<string, NDArray>> {
  const write = writerFor(out);
  const path = await resolveWeights(input, { print, bar });
  const { arrays, format, naming, containers, leftOut } = readWeights(path, { container });
  const renamed = to === undefined ? arrays : (to === 'timm' ? backboneOnly : belowEncoder)(arrays);
  if (Object.keys(renamed).length === 0)
    throw new UserError(
      `${input}: holds ${Object.keys(arrays).length === 0 ? 'no arrays' : 'no array of a backbone'}, nothing was written; check the file.`,
    );
  await write(out, renamed);
  const source = [
    format,
    ...containers.map((name) => `in ${name}`),
    ...(naming === 'as given' ? [] : [`names of ${naming}`]),
  ];
  const dropped = Object.keys(arrays).length - Object.keys(renamed).length;
  print(`${input}: ${source.join(', ')}.`);
  if (leftOut.length > 0) print(`Left out: ${listNames(leftOut)}.`);
  if (dropped > 0) print(`Left out: ${dropped} arrays that are no part of the backbone.`);
  const values = Object.values(renamed).reduce((sum, { data }) => sum + data.length, 0);
  print(`${out}: ${counted(Object.keys(renamed).length, 'array')}, ${counted(values, 'value')}.`);
  return renamed;
}

function writerFor(out: string): (path: string, arrays: Record<string, NDArray>) => Promise<void> {
  if (out.endsWith('.safetensors')) return async (path, arrays) => writeSafetensors(path, arrays);
  if (out.endsWith('.npz')) return async (path, arrays) => writeNpz(path, arrays);
  throw new UserError(`${out}: unknown extension; use .safetensors or .npz.`);
}

function backboneOnly(arrays: Record<string, NDArray>): Record<string, NDArray> {
  const prefix = namePrefix(Object.keys(arrays));
  const inside = Object.entries(arrays).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(inside.map(([name, array]) => [name.slice(prefix.length), array]));
}

function belowEncoder(arrays: Record<string, NDArray>): Record<string, NDArray> {
  if (Object.hasOwn(arrays, 'classifier.weight')) return arrays;
  return Object.fromEntries(
    Object.entries(backboneOnly(arrays)).map(([name, array]) => [`encoder.${name}`, array]),
  );
}
