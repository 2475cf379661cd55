import type { NDArray } from '@toco/formats';
import { rename, type Renamed, type Renaming } from './rename.js';
import { placed, withoutFirst } from './class-position.js';

const swinMark = 'layers.0.downsample.reduction.weight';
const registers = 'register_tokens';

/**
 * Whether arrays are named as by the authors of Swin (the step between two stages belongs to the earlier one, in timm to
 * the later one) or of DINOv2 with registers (their positions begin with the class token's, in timm it is added to that).
 */
export function isAuthorRelease(arrays: Readonly<Record<string, NDArray>>): boolean {
  return Object.hasOwn(arrays, swinMark) || Object.hasOwn(arrays, registers);
}

/** Arrays of a release of the authors in timm's names; what follows from the sizes alone (masks, indices) is left out. */
export function authorReleaseToTimm(arrays: Readonly<Record<string, NDArray>>): Renamed {
  const names = Object.keys(arrays);
  return rename(arrays, Object.hasOwn(arrays, swinMark) ? names.flatMap(swin) : names.flatMap(dinov2));
}

function same(array: NDArray): NDArray {
  return array;
}

function swin(from: string): Renaming[] {
  if (/\.(attn_mask|relative_position_index)$/.test(from)) return [];
  const name = from
    .replace(/^layers\.(\d+)\.downsample\./, (_, stage) => `layers.${Number(stage) + 1}.downsample.`)
    .replace(/^head\./, 'head.fc.');
  return [{ name, from: [from], make: same }];
}

function dinov2(from: string): Renaming[] {
  if (from === 'mask_token') return [];
  if (from === registers) return [{ name: 'reg_token', from: [from], make: same }];
  if (from === 'cls_token') return [{ name: from, from: [from, 'pos_embed'], make: placed }];
  if (from === 'pos_embed') return [{ name: from, from: [from], make: withoutFirst }];
  return [{ name: from, from: [from], make: same }];
}
