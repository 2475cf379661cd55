import type { TensorTree } from '@toco/core';
import type { FloatArray, StoredArray } from '@toco/core';
import { exportArrays, importArrays, type ArrayMapping, type ImportReport } from './arrays.js';
import type { Backbone } from './backbone.js';

/**
 * A backbone's parameters with pretrained weights in place of the initial ones. Names and layouts are timm's (PyTorch),
 * as `decodeSafetensors` of `@toco/formats` reads them.
 *
 * @param params what `backbone.init` gave; neither changed nor disposed
 * @param arrays the checkpoint's arrays by name
 * @param mapping `prefix`, where the names begin with one (`encoder.`, `module.`)
 * @returns new parameters, and a report of what matched, was missing, was left over (a classification head, for instance)
 * and was resized (positions of another grid, bicubically)
 * @throws when no array matches, or one has a shape that can't be used
 * @example
 * ```ts
 * const arrays = decodeSafetensors(await readFile('deit_tiny_patch16_224.safetensors'));
 * const backbone = deitTiny();
 * const { params, report } = loadPretrained(backbone, backbone.init(0), arrays);
 * console.log(report.leftOver); // [ 'head.weight', 'head.bias' ]
 * ```
 */
export function loadPretrained<P extends TensorTree>(
  backbone: Backbone<P>,
  params: P,
  arrays: Readonly<Record<string, StoredArray>>,
  mapping: ArrayMapping = {},
): { params: P; report: ImportReport } {
  return importArrays(params, arrays, { ...mapping, adapt: backbone.adapt?.bind(backbone) });
}

/**
 * The arrays of a checkpoint in timm's names and PyTorch's layouts: inverse of {@link loadPretrained}.
 *
 * @example
 * ```ts
 * await writeFile('encoder.safetensors', encodeSafetensors(await exportPretrained(params)));
 * ```
 */
export function exportPretrained(
  params: TensorTree,
  mapping: ArrayMapping = {},
): Promise<Record<string, FloatArray>> {
  return exportArrays(params, mapping);
}
