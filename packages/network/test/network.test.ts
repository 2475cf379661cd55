import { beforeAll, describe, expect, test } from '@jest/globals';
import type * as tf from '@tensorflow/tfjs-core';
import { initBackend } from '@toco/runtime';
import { expectClose } from '@toco/testing';
import { sources, tensorOf } from './sources.js';

beforeAll(async () => {
  await initBackend();
});

const bound = { relative: 1e-5 };

describe.each(sources)('$source', ({ source, network, read }) => {
  const checkpoint = read('checkpoint');
  const expected = read('network');
  const golden = checkpoint && expected ? test : test.skip;
  if (!checkpoint) console.info(`skipped: ${source}, the shared folder is missing`);

  golden('logits, raw CAMs, segmentation, projections', async () => {
    const { params, teacher } = network.importCheckpoint(network.init(0), checkpoint!);
    const output = network.forward(params, tensorOf<tf.Tensor4D>(expected!, 'images'));
    await expectClose(output.clsLogits, tensorOf(expected!, 'cls_logits'), bound);
    await expectClose(output.auxLogits, tensorOf(expected!, 'aux_logits'), bound);
    const { cam, camAux } = network.rawCams(params, output);
    await expectClose(cam, tensorOf(expected!, 'cam_raw'), bound);
    await expectClose(camAux, tensorOf(expected!, 'cam_aux_raw'), bound);
    await expectClose(network.segment(params, output), tensorOf(expected!, 'seg_logits'), bound);
    const student = network.project(params.proj_head, output.clsToken);
    await expectClose(student, tensorOf(expected!, 'projected'), bound);
    await expectClose(
      network.project(teacher, output.clsToken),
      tensorOf(expected!, 'projected_teacher'),
      bound,
    );
  });

  golden('paths of parameters and teacher are exactly the names of the checkpoint', () => {
    const { report } = network.importCheckpoint(network.init(0), checkpoint!);
    const unused = Object.keys(checkpoint!).filter((name) => name.startsWith('encoder.head.'));
    expect(report).toMatchObject({ missing: [], leftOver: unused, resized: [] });
    expect([...report.matched, ...unused].sort()).toEqual(Object.keys(checkpoint!).sort());
  });

  golden('export gives the arrays that were imported', async () => {
    const state = network.importCheckpoint(network.init(0), checkpoint!);
    const exported = await network.exportCheckpoint(state);
    expect(Object.keys(exported).sort()).toEqual([...state.report.matched].sort());
    for (const [name, { shape, data }] of Object.entries(exported)) {
      expect(shape).toEqual(checkpoint![name]!.shape);
      expect(Array.from(data as Float32Array)).toEqual(Array.from(checkpoint![name]!.data as Float32Array));
    }
  });
});
