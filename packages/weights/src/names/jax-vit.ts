import type { NDArray } from '@toco/formats';
import {
  axes,
  floats,
  rename,
  reshaped,
  stacked,
  transposed,
  type Renamed,
  type Renaming,
} from './rename.js';

/** Trees that training programs in JAX put the parameters under. */
const roots = ['', 'opt/target/', 'params/', 'params/img/', 'img/'];

/** Names of a block's layers; which number each has depends on the release. */
const releases = [
  {
    norm1: 'LayerNorm_0',
    attention: 'MultiHeadDotProductAttention_1',
    norm2: 'LayerNorm_2',
    mlp: 'MlpBlock_3',
  },
  {
    norm1: 'LayerNorm_0',
    attention: 'MultiHeadDotProductAttention_0',
    norm2: 'LayerNorm_1',
    mlp: 'MlpBlock_0',
  },
];

/** The tree that the parameters of a JAX ViT lie under, or `undefined` where the arrays are none. */
export function jaxRoot(arrays: Readonly<Record<string, NDArray>>): string | undefined {
  return roots.find((root) => Object.hasOwn(arrays, `${root}embedding/kernel`));
}

/**
 * The arrays of a ViT as its authors released it (Flax, `.npz`) in timm's names and PyTorch's layouts: kernels `[in,out]`
 * become `[out,in]`, those of queries, keys and values `[D,heads,d]` one projection `[3·D,D]`, the patch filter
 * `[p,p,3,D]` becomes `[D,3,p,p]`. The head of the pretraining keeps its values as `head.*`.
 *
 * @throws one line that names an array of another shape
 */
export function jaxVitToTimm(arrays: Readonly<Record<string, NDArray>>): Renamed {
  return rename(arrays, renamings(arrays, jaxRoot(arrays) ?? ''));
}

function* renamings(arrays: Readonly<Record<string, NDArray>>, root: string): Generator<Renaming> {
  const one = (name: string, from: string, make: Renaming['make']): Renaming => ({
    name,
    from: [root + from],
    make,
  });
  const same = (array: NDArray): NDArray => reshaped(array, array.shape);
  const dense = function* (name: string, from: string): Generator<Renaming> {
    yield one(`${name}.weight`, `${from}/kernel`, transposed);
    yield one(`${name}.bias`, `${from}/bias`, same);
  };
  const norm = function* (name: string, from: string): Generator<Renaming> {
    yield one(`${name}.weight`, `${from}/scale`, same);
    yield one(`${name}.bias`, `${from}/bias`, same);
  };
  yield one('cls_token', 'cls', same);
  yield one('pos_embed', 'Transformer/posembed_input/pos_embedding', same);
  yield one('patch_embed.proj.weight', 'embedding/kernel', filter);
  yield one('patch_embed.proj.bias', 'embedding/bias', same);
  for (let index = 0; ; index++) {
    const block = `Transformer/encoderblock_${index}`;
    const names = releases.find(({ attention }) => `${root}${block}/${attention}/query/kernel` in arrays);
    if (!names) break;
    const attention = `${block}/${names.attention}`;
    const parts = (leaf: string): string[] =>
      ['query', 'key', 'value'].map((part) => `${root}${attention}/${part}/${leaf}`);
    yield* norm(`blocks.${index}.norm1`, `${block}/${names.norm1}`);
    yield {
      name: `blocks.${index}.attn.qkv.weight`,
      from: parts('kernel'),
      make: (...kernels) => stacked(...kernels.map(intoHeads)),
    };
    yield {
      name: `blocks.${index}.attn.qkv.bias`,
      from: parts('bias'),
      make: (...biases) => stacked(...biases.map((bias) => reshaped(bias, [bias.data.length]))),
    };
    yield one(`blocks.${index}.attn.proj.weight`, `${attention}/out/kernel`, outOfHeads);
    yield one(`blocks.${index}.attn.proj.bias`, `${attention}/out/bias`, same);
    yield* norm(`blocks.${index}.norm2`, `${block}/${names.norm2}`);
    yield* dense(`blocks.${index}.mlp.fc1`, `${block}/${names.mlp}/Dense_0`);
    yield* dense(`blocks.${index}.mlp.fc2`, `${block}/${names.mlp}/Dense_1`);
  }
  yield* norm('norm', 'Transformer/encoder_norm');
  yield* dense('pre_logits.fc', 'pre_logits');
  yield* dense('head', 'head');
}

/** A kernel `[D,heads,d]` that leads into the heads, as `[heads·d,D]`. */
function intoHeads(kernel: NDArray): NDArray {
  const [inputs = 0, heads = 0, size = 0] = axes(kernel, 3, 'a kernel [D,heads,d]');
  return transposed(reshaped(kernel, [inputs, heads * size]));
}

/** A kernel `[heads,d,D]` that leads out of the heads, as `[D,heads·d]`. */
function outOfHeads(kernel: NDArray): NDArray {
  const [heads = 0, size = 0, outputs = 0] = axes(kernel, 3, 'a kernel [heads,d,D]');
  return transposed(reshaped(kernel, [heads * size, outputs]));
}

/** A filter `[kh,kw,in,out]` as `[out,in,kh,kw]`. */
function filter(kernel: NDArray): NDArray {
  const [height = 0, width = 0, inputs = 0, outputs = 0] = axes(kernel, 4, 'a filter [kh,kw,in,out]');
  const values = floats(kernel);
  const data = new Float32Array(values.length);
  const pixels = height * width;
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let input = 0; input < inputs; input++) {
      for (let output = 0; output < outputs; output++) {
        data[(output * inputs + input) * pixels + pixel] =
          values[(pixel * inputs + input) * outputs + output]!;
      }
    }
  }
  return { dtype: 'float32', shape: [outputs, inputs, height, width], data };
}
