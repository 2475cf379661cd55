import {
  type NamedBackboneOptions,
  vit,
  vitBase,
  vitLarge,
  vitSmall,
  vitTiny,
  type Vit,
} from '@toco/backbone';
import { UserError } from '@toco/files';
import type { NDArray } from '@toco/formats';

/** Vision transformers of the public sizes, by the length of their tokens and the number of blocks. */
const families = [vitTiny, vitSmall, vitBase, vitLarge];

/**
 * The vision transformer that the arrays of a whole network belong to, by their shapes; undefined where they leave it open
 * (windows, registers, layer scale, CLIP's two activations, another width of the heads than 64). Another number of blocks than the
 * public ones have must be said.
 */
export function recognizeVit(
  arrays: Readonly<Record<string, NDArray>>,
  { auxBlock, depth: known, positionResizing }: Partial<NamedBackboneOptions>,
): Vit | undefined {
  const shapeOf = (name: string): readonly number[] | undefined => arrays[`encoder.${name}`]?.shape;
  const [dim, , patchSize] = shapeOf('patch_embed.proj.weight') ?? [];
  const [, positions] = shapeOf('pos_embed') ?? [];
  const others = ['reg_token', 'dist_token', 'blocks.0.ls1.gamma', 'norm_pre.weight'];
  if (dim === undefined || patchSize === undefined || positions === undefined) return undefined;
  if (others.some((name) => shapeOf(name))) return undefined;
  const depth = Object.keys(arrays).filter((name) =>
    /^encoder\.blocks\.\d+\.norm1\.weight$/.test(name),
  ).length;
  const public_ = families
    .map((make) => make())
    .some((family) => family.tokenDim === dim && (known ?? family.depth) === depth);
  const side = Math.sqrt(positions - 1);
  if (!public_ || !Number.isInteger(side)) return undefined;
  const imageSize = side * patchSize;
  const name = `vit with ${depth} blocks of ${dim}, patch ${patchSize}, positions of ${imageSize} pixels`;
  try {
    return vit({ name, imageSize, patchSize, dim, depth, heads: dim / 64, auxBlock, positionResizing });
  } catch (error) {
    throw new UserError((error as Error).message, { cause: error });
  }
}
