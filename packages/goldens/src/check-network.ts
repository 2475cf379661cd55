import { multiScaleCams } from '@toco/cam';
import type * as tf from '@tensorflow/tfjs-core';
import { tensorOf, valuesOf, type GoldenFolder } from './golden-folder.js';
import { compareValues, type Row } from './row.js';

const relative = 1e-4;

/** `encoder`: tokens at every stage, at the trained size and at a rectangular one. */
export async function checkEncoder(folder: GoldenFolder): Promise<Row[]> {
  const arrays = folder.arrays('encoder');
  const { encoder } = folder.loadState().params;
  const rows: Row[] = [];
  const check = async (key: string, actual: tf.Tensor): Promise<void> => {
    rows.push(await compareValues(`encoder: ${key}`, actual, { expected: valuesOf(arrays, key), relative }));
  };
  for (const suffix of ['', '_rect']) {
    const output = folder.backbone.apply(encoder, tensorOf(arrays, `images${suffix}`) as tf.Tensor4D, {
      taps: ['prepared', 'tokens', 'lastAttention'],
    });
    await check(`prepared${suffix}`, output.taps!.prepared!);
    if (suffix === '') {
      for (const [i, tokens] of output.taps!.tokens!.entries()) await check(`block${i}`, tokens);
      await check('attention_last', output.taps!.lastAttention!);
    }
    await check(`aux_tokens${suffix}`, output.auxTokens);
    await check(`cls_token${suffix}`, output.clsToken);
    await check(`patch_tokens${suffix}`, output.patchTokens);
  }
  return rows;
}

/** `network`: raw and multi-scale CAMs, logits of all heads, projections. */
export async function checkNetwork(folder: GoldenFolder): Promise<Row[]> {
  const arrays = folder.arrays('network');
  const { network } = folder;
  const { params, teacher } = folder.loadState();
  const images = tensorOf(arrays, 'images') as tf.Tensor4D;
  const output = network.forward(params, images);
  const raw = network.rawCams(params, output);
  const fused = multiScaleCams((views) => network.rawCams(params, network.forward(params, views)), images, {
    stride: network.backbone.stride,
    main: raw,
  });
  const quantities: Record<string, tf.Tensor> = {
    cam_raw: raw.cam,
    cam_aux_raw: raw.camAux,
    cam: fused.cam,
    cam_aux: fused.camAux,
    cls_logits: output.clsLogits,
    aux_logits: output.auxLogits,
    seg_logits: network.segment(params, output),
    projected: network.project(params.proj_head, output.clsToken),
    projected_teacher: network.project(teacher, output.clsToken),
  };
  return Promise.all(
    Object.entries(quantities).map(([key, actual]) =>
      compareValues(`network: ${key}`, actual, { expected: valuesOf(arrays, key), relative }),
    ),
  );
}
