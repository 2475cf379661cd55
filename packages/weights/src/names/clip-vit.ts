import type { NDArray } from '@toco/formats';
import { axes, rename, reshaped, stacked, transposed, type Renamed, type Renaming } from './rename.js';

/** Names of CLIP's two public implementations. */
interface ClipNames {
  /** Two names that a visual tower has, by which it is known; what stands before the first is the root. */
  readonly marks: readonly [classToken: string, patches: string];
  readonly positions: string;
  readonly normPre: readonly string[];
  readonly block: (index: number) => string;
  /** A block's layers: timm's name and theirs. */
  readonly layers: readonly (readonly [timm: string, theirs: string])[];
  /** Queries, keys and values of a block: one projection, or three. */
  readonly qkv: (leaf: 'weight' | 'bias') => readonly string[];
  readonly norm: string;
  /** The map into the space of the texts: its whole name, whether `[D,E]` is stored instead of `[E,D]`. */
  readonly projection: (root: string) => { readonly name: string; readonly turned: boolean };
}

/** OpenAI's own, and OpenCLIP's. */
const openai: ClipNames = {
  marks: ['class_embedding', 'conv1.weight'],
  positions: 'positional_embedding',
  normPre: ['ln_pre'],
  block: (index) => `transformer.resblocks.${index}`,
  layers: [
    ['norm1', 'ln_1'],
    ['attn.proj', 'attn.out_proj'],
    ['norm2', 'ln_2'],
    ['mlp.fc1', 'mlp.c_fc'],
    ['mlp.fc2', 'mlp.c_proj'],
  ],
  qkv: (leaf) => [`attn.in_proj_${leaf}`],
  norm: 'ln_post',
  projection: (root) => ({ name: `${root}proj`, turned: true }),
};

/** That of Hugging Face's `transformers`, whose norm before the blocks was misspelled for years. */
const transformers: ClipNames = {
  marks: ['embeddings.class_embedding', 'embeddings.patch_embedding.weight'],
  positions: 'embeddings.position_embedding.weight',
  normPre: ['pre_layrnorm', 'pre_layernorm'],
  block: (index) => `encoder.layers.${index}`,
  layers: [
    ['norm1', 'layer_norm1'],
    ['attn.proj', 'self_attn.out_proj'],
    ['norm2', 'layer_norm2'],
    ['mlp.fc1', 'mlp.fc1'],
    ['mlp.fc2', 'mlp.fc2'],
  ],
  qkv: (leaf) => ['q', 'k', 'v'].map((part) => `self_attn.${part}_proj.${leaf}`),
  norm: 'post_layernorm',
  projection: (root) => ({
    name: `${root.replace(/vision_model\.$/, '')}visual_projection.weight`,
    turned: false,
  }),
};

/** Which of the two implementations named a checkpoint, and what stands before the names of its visual tower. */
export interface ClipTower {
  readonly naming: 'openai' | 'transformers';
  readonly root: string;
}

/** The visual tower of a CLIP that arrays hold, or `undefined` where they hold none. */
export function clipTower(arrays: Readonly<Record<string, NDArray>>): ClipTower | undefined {
  for (const [naming, { marks }] of [
    ['transformers', transformers],
    ['openai', openai],
  ] as const) {
    const [mark, other] = marks;
    const names = Object.keys(arrays).filter((name) => name === mark || name.endsWith(`.${mark}`));
    const roots = names.map((name) => name.slice(0, -mark.length));
    const root = roots.find((start) => Object.hasOwn(arrays, start + other));
    if (root !== undefined) return { naming, root };
  }
  return undefined;
}

/**
 * The arrays of CLIP's visual tower in timm's names: class embedding and positions get their leading axes, the projection becomes
 * `head.weight`. What belongs to the texts is left out.
 *
 * @throws one line that names an array of another shape
 */
export function clipToTimm(arrays: Readonly<Record<string, NDArray>>, { naming, root }: ClipTower): Renamed {
  return rename(arrays, renamings(arrays, naming === 'openai' ? openai : transformers, root));
}

function* renamings(
  arrays: Readonly<Record<string, NDArray>>,
  names: ClipNames,
  root: string,
): Generator<Renaming> {
  const same = (array: NDArray): NDArray => array;
  const one = (name: string, from: string, make: Renaming['make'] = same): Renaming => ({
    name,
    from: [root + from],
    make,
  });
  const layer = function* (name: string, from: string): Generator<Renaming> {
    for (const leaf of ['weight', 'bias']) yield one(`${name}.${leaf}`, `${from}.${leaf}`);
  };
  const [classToken, patches] = names.marks;
  yield one('cls_token', classToken, (token) =>
    reshaped(token, [1, 1, ...axes(token, 1, 'a class embedding [D]')]),
  );
  yield one('pos_embed', names.positions, (positions) =>
    reshaped(positions, [1, ...axes(positions, 2, 'positions [1+N,D]')]),
  );
  yield one('patch_embed.proj.weight', patches);
  for (const from of names.normPre) yield* layer('norm_pre', from);
  for (let index = 0; ; index++) {
    const block = names.block(index);
    const parts = (leaf: 'weight' | 'bias'): string[] =>
      names.qkv(leaf).map((name) => `${root}${block}.${name}`);
    if (!Object.hasOwn(arrays, parts('weight')[0]!)) break;
    for (const leaf of ['weight', 'bias'] as const)
      yield { name: `blocks.${index}.attn.qkv.${leaf}`, from: parts(leaf), make: stacked };
    for (const [name, theirs] of names.layers) yield* layer(`blocks.${index}.${name}`, `${block}.${theirs}`);
  }
  yield* layer('norm', names.norm);
  const { name, turned } = names.projection(root);
  yield { name: 'head.weight', from: [name], make: turned ? transposed : same };
}
