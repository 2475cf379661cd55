import type { NDArray } from '@toco/formats';

// The inverse of what the sources do, written element by element from the definitions of the layouts.

type Arrays = Record<string, NDArray>;

function array(shape: number[], value: (...index: number[]) => number): NDArray {
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
  const index = shape.map(() => 0);
  for (let i = 0; i < data.length; i++) {
    data[i] = value(...index);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = (index[axis]! + 1) % shape[axis]!;
      if (index[axis]! > 0) break;
    }
  }
  return { dtype: 'float32', shape, data };
}

const at =
  ({ shape, data }: NDArray) =>
  (...index: number[]): number =>
    Number(data[index.reduce((offset, i, axis) => offset * shape[axis]! + i, 0)]);

/** A ViT in timm's names as JAX releases name it; `release` 0 is the older numbering of layers. */
export function jaxNames(
  timm: Arrays,
  { heads, root = '', release = 0 }: { heads: number; root?: string; release?: 0 | 1 },
): Arrays {
  const attention = `MultiHeadDotProductAttention_${release === 0 ? 1 : 0}`;
  const result: Arrays = {};
  const put = (name: string, value: NDArray): void => void (result[root + name] = value);
  const dense = (name: string, from: string): void => {
    const weight = timm[`${from}.weight`]!;
    put(
      `${name}/kernel`,
      array([weight.shape[1]!, weight.shape[0]!], (i, o) => at(weight)(o, i)),
    );
    put(`${name}/bias`, timm[`${from}.bias`]!);
  };
  const norm = (name: string, from: string): void => {
    put(`${name}/scale`, timm[`${from}.weight`]!);
    put(`${name}/bias`, timm[`${from}.bias`]!);
  };
  const filter = timm['patch_embed.proj.weight']!;
  const [dim, , p] = filter.shape as [number, number, number];
  const d = dim / heads;
  put('cls', timm['cls_token']!);
  put(
    'embedding/kernel',
    array([p, p, 3, dim], (y, x, c, o) => at(filter)(o, c, y, x)),
  );
  put('embedding/bias', timm['patch_embed.proj.bias']!);
  put('Transformer/posembed_input/pos_embedding', timm['pos_embed']!);
  for (let i = 0; `blocks.${i}.norm1.weight` in timm; i++) {
    const block = `Transformer/encoderblock_${i}`;
    norm(`${block}/LayerNorm_0`, `blocks.${i}.norm1`);
    norm(`${block}/LayerNorm_${release === 0 ? 2 : 1}`, `blocks.${i}.norm2`);
    const weight = at(timm[`blocks.${i}.attn.qkv.weight`]!);
    const bias = at(timm[`blocks.${i}.attn.qkv.bias`]!);
    for (const [part, name] of ['query', 'key', 'value'].entries()) {
      const row = (h: number, k: number): number => part * dim + h * d + k;
      put(
        `${block}/${attention}/${name}/kernel`,
        array([dim, heads, d], (j, h, k) => weight(row(h, k), j)),
      );
      put(
        `${block}/${attention}/${name}/bias`,
        array([heads, d], (h, k) => bias(row(h, k))),
      );
    }
    const out = at(timm[`blocks.${i}.attn.proj.weight`]!);
    put(
      `${block}/${attention}/out/kernel`,
      array([heads, d, dim], (h, k, o) => out(o, h * d + k)),
    );
    put(`${block}/${attention}/out/bias`, timm[`blocks.${i}.attn.proj.bias`]!);
    const mlp = `${block}/MlpBlock_${release === 0 ? 3 : 0}`;
    dense(`${mlp}/Dense_0`, `blocks.${i}.mlp.fc1`);
    dense(`${mlp}/Dense_1`, `blocks.${i}.mlp.fc2`);
  }
  norm('Transformer/encoder_norm', 'norm');
  dense('head', 'head');
  return result;
}

/** A ViT in timm's names as `transformers` names it: DINOv2's way below `dinov2.`, ViT's otherwise. */
export function transformersNames(timm: Arrays, root: string): Arrays {
  const dino = root === 'dinov2.';
  const names: [RegExp, string][] = [
    [/^cls_token$/, 'embeddings.cls_token'],
    [/^pos_embed$/, 'embeddings.position_embeddings'],
    [/^patch_embed\.proj/, 'embeddings.patch_embeddings.projection'],
    [/^blocks\.(\d+)\.attn\.proj/, 'encoder.layer.$1.attention.output.dense'],
    [/^blocks\.(\d+)\.norm1/, dino ? 'encoder.layer.$1.norm1' : 'encoder.layer.$1.layernorm_before'],
    [/^blocks\.(\d+)\.norm2/, dino ? 'encoder.layer.$1.norm2' : 'encoder.layer.$1.layernorm_after'],
    [/^blocks\.(\d+)\.mlp\.fc1/, dino ? 'encoder.layer.$1.mlp.fc1' : 'encoder.layer.$1.intermediate.dense'],
    [/^blocks\.(\d+)\.mlp\.fc2/, dino ? 'encoder.layer.$1.mlp.fc2' : 'encoder.layer.$1.output.dense'],
    [/^norm/, 'layernorm'],
  ];
  const result: Arrays = {};
  for (const [name, value] of Object.entries(timm)) {
    const qkv = /^blocks\.(\d+)\.attn\.qkv\.(\w+)$/.exec(name);
    if (qkv) {
      const rows = value.shape[0]! / 3;
      for (const [part, theirs] of ['query', 'key', 'value'].entries()) {
        const shape = [rows, ...value.shape.slice(1)];
        result[`${root}encoder.layer.${qkv[1]}.attention.attention.${theirs}.${qkv[2]}`] = array(
          shape,
          (row, ...rest) => at(value)(part * rows + row, ...rest),
        );
      }
    } else if (name.startsWith('head')) {
      result[name.replace('head', 'classifier')] = value;
    } else {
      const [pattern, replacement] = names.find(([candidate]) => candidate.test(name))!;
      result[root + name.replace(pattern, replacement)] = value;
    }
  }
  return result;
}
