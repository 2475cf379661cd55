import type { NDArray } from '@toco/formats';
import { placed, withoutFirst } from './class-position.js';
import { rename, stacked, type Renamed, type Renaming } from './rename.js';

const marker = 'embeddings.patch_embeddings.projection.weight';

/** What stands before every name of a `transformers` checkpoint (`vit.`, `deit.`, `dinov2.`), or `undefined` for others. */
export function transformersRoot(arrays: Readonly<Record<string, NDArray>>): string | undefined {
  return Object.keys(arrays)
    .find((name) => name === marker || name.endsWith(`.${marker}`))
    ?.slice(0, -marker.length);
}

/** Layers of a block: timm's name, then those that `transformers` uses in ViT and DeiT, and in DINOv2. */
const layers: readonly (readonly [string, ...string[]])[] = [
  ['norm1', 'layernorm_before', 'norm1'],
  ['attn.proj', 'attention.output.dense'],
  ['norm2', 'layernorm_after', 'norm2'],
  ['mlp.fc1', 'intermediate.dense', 'mlp.fc1'],
  ['mlp.fc2', 'output.dense', 'mlp.fc2'],
];

/**
 * The arrays of a ViT, DeiT or DINOv2 of Hugging Face's `transformers` in timm's names: queries, keys and values become one
 * projection, all else is a matter of names.
 */
export function transformersVitToTimm(arrays: Readonly<Record<string, NDArray>>): Renamed {
  return rename(arrays, renamings(arrays, transformersRoot(arrays) ?? ''));
}

function* renamings(arrays: Readonly<Record<string, NDArray>>, root: string): Generator<Renaming> {
  const one = (name: string, from: string): Renaming => ({ name, from: [from], make: (array) => array! });
  const layer = function* (name: string, from: string): Generator<Renaming> {
    for (const leaf of ['weight', 'bias']) yield one(`${name}.${leaf}`, `${from}.${leaf}`);
  };
  const [token, registers, positions] = ['cls_token', 'register_tokens', 'position_embeddings'].map(
    (name) => `${root}embeddings.${name}`,
  ) as [string, string, string];
  if (Object.hasOwn(arrays, registers)) {
    yield { name: 'cls_token', from: [token, positions], make: placed as Renaming['make'] };
    yield { name: 'pos_embed', from: [positions], make: withoutFirst as Renaming['make'] };
    yield one('reg_token', registers);
  } else {
    yield one('cls_token', token);
    yield one('pos_embed', positions);
  }
  yield one('dist_token', `${root}embeddings.distillation_token`);
  yield* layer('patch_embed.proj', `${root}embeddings.patch_embeddings.projection`);
  for (let index = 0; ; index++) {
    const block = `${root}encoder.layer.${index}`;
    const attention = `${block}.attention.attention`;
    if (!(`${attention}.query.weight` in arrays)) break;
    for (const leaf of ['weight', 'bias']) {
      const from = ['query', 'key', 'value'].map((part) => `${attention}.${part}.${leaf}`);
      yield { name: `blocks.${index}.attn.qkv.${leaf}`, from, make: stacked };
    }
    for (const [name, ...theirs] of layers) {
      for (const from of theirs) yield* layer(`blocks.${index}.${name}`, `${block}.${from}`);
    }
    for (const number of [1, 2]) {
      yield one(`blocks.${index}.ls${number}.gamma`, `${block}.layer_scale${number}.lambda1`);
    }
  }
  yield* layer('norm', `${root}layernorm`);
  for (const name of ['classifier', 'cls_classifier']) yield* layer('head', name);
}
