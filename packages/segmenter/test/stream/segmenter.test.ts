import { beforeAll, describe, expect, test } from '@jest/globals';
import { denseCrf, denseCrfReference } from '@toco/crf';
import { compileFunction } from '@toco/graph';
import { initBackend } from '@toco/runtime';
import * as tf from '@tensorflow/tfjs-core';
import { finishImage } from '../../src/finish/index.js';
import { labelsOfLogits } from '../../src/masks/predict-labels.js';
import { type Planes, resizePlanes } from '../../src/masks/resize-planes.js';
import type { Compiler } from '../../src/passes/network-engine.js';
import { protocolOf } from '../../src/protocol/protocol-of.js';
import { protocols } from '../../src/protocol/protocol.js';
import { segmenter } from '../../src/stream/segmenter.js';
import { smallNetwork } from '../small-network.js';
import { apart, collect, picture, spreadParams, tasksTogether } from './pictures.js';
import { tensorValidation } from './tensor-validation.js';

beforeAll(() => initBackend());

const network = smallNetwork();
const fast = protocolOf('fast', { size: { squash: 64 } });
const voc = protocolOf('voc', { crf: 'none' });

/** One shape after another, in an order that mixes them. */
const mixed = [
  picture(40, 56, 1),
  picture(40, 56, 2),
  picture(33, 70, 3),
  picture(40, 56, 4),
  picture(33, 70, 5),
];

test('a network of one’s own has its further parts in every pass', async () => {
  const params = { ...spreadParams(), shift: { weight: tf.tensor1d([0, 0, 0, 50, 0, 0]) } };
  const shifted: typeof network = {
    ...network,
    segment: (given, output) =>
      tf.add(network.segment(given, output), (given as unknown as typeof params).shift.weight),
  };
  const [result] = await collect(
    segmenter(shifted, params, { protocol: fast, outputs: ['labels'] }).segment([picture(40, 56, 1)]),
  );
  expect(new Set(result!.labels)).toEqual(new Set([3]));
});

test('the maps of the step, made with tensors from end to end', async () => {
  const params = spreadParams();
  const images = [picture(50, 70, 1), picture(64, 48, 2)].map((image, b) => ({
    ...image,
    labels: Uint8Array.from(b === 0 ? [1, 0, 0, 1, 0] : [0, 1, 1, 0, 0]),
  }));
  const outputs = ['labels', 'cam', 'camAux', 'scores', 'similarity', 'logits'] as const;
  const results = await collect(segmenter(network, params, { protocol: fast, outputs }).segment(images));

  const { mean, std } = network.backbone;
  const squashed = images.map(({ height, width, data }) => {
    const values = Float32Array.from(data, (level, i) => (level / 255 - mean[i % 3]!) / std[i % 3]!);
    return tf.tensor3d(
      resizePlanes({ height, width, channels: 3, data: values }, { height: 64, width: 64 }).data,
      [64, 64, 3],
    );
  });
  const batch = {
    images: tf.stack(squashed) as tf.Tensor4D,
    classes: tf.tensor2d([0, 3, 1, 2], [2, 2], 'int32'),
  };
  const forward = tensorValidation({ network, params }, batch, [1, 0.5, 1.5]);
  const planes = async (tensor: tf.Tensor4D, b: number): Promise<Planes> => {
    const [, height, width, channels] = tensor.shape;
    const length = height * width * channels;
    const data = (await tensor.data()) as Float32Array;
    return { height, width, channels, data: data.subarray(b * length, (b + 1) * length) };
  };
  for (const [b, result] of results.entries()) {
    const { image } = result;
    const logits = await planes(forward.segLogits, b);
    expect(apart(result.logits.data, resizePlanes(logits, image).data)).toBeLessThan(1e-4);
    expect(result.labels).toEqual(labelsOfLogits(logits, image));
    expect(new Set(result.labels).size).toBeGreaterThan(1);
    for (const name of ['cam', 'camAux'] as const) {
      const expected = resizePlanes(await planes(forward[name], b), image).data;
      expect(apart(result[name].data, expected)).toBeLessThan(1e-4);
    }
    expect(result.classes).toEqual(b === 0 ? [0, 3] : [1, 2]);
    const scores = Array.from(await tf.sigmoid(tf.slice(forward.clsLogits, [b, 0], [1, -1])).data());
    expect(apart(result.scores, scores)).toBeLessThan(1e-5);
  }
  const similarity = results[0]!.similarity.map((value, i) => (value + results[1]!.similarity[i]!) / 2);
  expect(apart(similarity, await forward.similarity.data())).toBeLessThan(1e-5);
});

describe('a stream', () => {
  test('keeps the order, and batches change nothing', async () => {
    const params = spreadParams();
    const outputs = ['labels', 'probabilities', 'cam', 'scores'] as const;
    const one = await collect(
      segmenter(network, params, { protocol: voc, outputs, batchSize: 1 }).segment(mixed),
    );
    const four = await collect(
      segmenter(network, params, { protocol: voc, outputs, batchSize: 4 }).segment(mixed),
    );
    expect(four.map(({ image }) => image.id)).toEqual(mixed.map(({ id }) => id));
    for (const [i, result] of four.entries()) {
      expect(apart(result.probabilities.data, one[i]!.probabilities.data)).toBeLessThan(1e-5);
      expect(apart(result.cam.data, one[i]!.cam.data)).toBeLessThan(1e-4);
      expect(result.labels.length).toBe(result.image.height * result.image.width);
      expect(result.classes).toEqual(one[i]!.classes);
    }
  });

  test('what rides along comes back; it ends early between images; nothing is left behind', async () => {
    const params = spreadParams();
    const before = tf.memory().numTensors;
    const stop = { aborted: false };
    const seen: number[] = [];
    const numbered = mixed.map((image, number) => ({ ...image, number }));
    for await (const { image } of segmenter(network, params, { protocol: voc }).segment(numbered, {
      signal: stop,
    })) {
      seen.push(image.number);
      stop.aborted = seen.length === 2;
    }
    expect(seen).toEqual([0, 1]);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('several CRFs are under way beside the passes, and results stay in order', async () => {
    const tasks = tasksTogether(3, mixed.length);
    const crf = async (_: unknown, probabilities: Float32Array): Promise<Float32Array> => {
      await tasks.task();
      return probabilities;
    };
    const refined = segmenter(network, spreadParams(), {
      ...{ protocol: protocolOf('voc', { scales: [1] }), crf, finishedAtOnce: 3 },
    });
    const results = await collect(refined.segment(mixed));
    expect(results.map(({ image }) => image.id)).toEqual(mixed.map(({ id }) => id));
    expect(tasks.most).toBe(3);
  });

  test('finished elsewhere, from plain data, it is the same to the last bit', async () => {
    const params = spreadParams();
    const outputs = [
      ...(['labels', 'fusedLabels', 'singleLabels', 'probabilities', 'logits', 'cam', 'camAux'] as const),
      ...(['scores', 'scoresAux', 'attention', 'tokens', 'similarity'] as const),
    ] as const;
    const protocol = protocolOf('voc', { scales: [1, 1.5] });
    const options = { protocol, outputs };
    const here = await collect(segmenter(network, params, { ...options, crf: denseCrf }).segment(mixed));
    const tasks = tasksTogether(3, mixed.length);
    const elsewhere = segmenter(network, params, {
      ...options,
      finishedAtOnce: 3,
      finish: async (task) => {
        // As a worker gets it: the maps' buffers are gone afterwards.
        const maps = task.passed.flatMap((pass) => Object.values(pass.maps));
        const sent = structuredClone(task, { transfer: maps.map(({ data }) => data.buffer as ArrayBuffer) });
        expect(maps.every(({ data }) => data.length === 0)).toBe(true);
        await tasks.task();
        return structuredClone(await finishImage(sent, { crf: denseCrf }));
      },
    });
    const there = await collect(elsewhere.segment(mixed));
    expect(there).toEqual(here);
    expect(there.map(({ image }) => image)).toEqual(mixed);
    expect(tasks.most).toBe(3);
  });

  test('a worker without the CRF of its protocol is no silent one', async () => {
    const options = { protocol: protocols.voc, finish: finishImage };
    const elsewhere = segmenter(network, spreadParams(), options);
    await expect(collect(elsewhere.segment(mixed))).rejects.toThrow(
      'finishImage: protocol voc has a CRF; give one, such as denseCrf of @toco/crf.',
    );
    const scores = segmenter(network, spreadParams(), { ...options, outputs: ['scores'] });
    expect(await collect(scores.segment(mixed))).toHaveLength(mixed.length);
  });

  test('what is finished while the network computes the next image does not wait for more', async () => {
    const seen: string[] = [];
    const elsewhere = segmenter(network, spreadParams(), {
      ...{ protocol: voc, outputs: ['labels'], finishedAtOnce: 3, batchSize: 1 },
      finish: (task) => finishImage(task),
    });
    function* asked(): Generator<(typeof mixed)[number]> {
      for (const image of mixed) {
        seen.push(`asked ${image.id}`);
        yield image;
      }
    }
    for await (const { image } of elsewhere.segment(asked())) seen.push(`got ${image.id}`);
    const [first, ...others] = mixed.map(({ id }) => id);
    const between = others.flatMap((id, i) => [`asked ${id}`, `got ${mixed[i]!.id}`]);
    expect(seen).toEqual([`asked ${first}`, ...between, `got ${others.at(-1)}`]);
  });

  test('an image whose CRF memory does not suffice for is refused from elsewhere, too', async () => {
    const finish = (): Promise<{ refused: string }> =>
      Promise.resolve({ refused: 'a: memory does not suffice' });
    const elsewhere = segmenter(network, spreadParams(), { protocol: protocols.voc, finish });
    await expect(collect(elsewhere.segment(mixed))).rejects.toThrow('a: memory does not suffice');
    const lines: string[] = [];
    const onRefused = (_: unknown, line: string): void => void lines.push(line);
    expect(await collect(elsewhere.segment(mixed, { onRefused }))).toEqual([]);
    expect(lines).toHaveLength(mixed.length);
  });

  test('an error of a CRF ends it', async () => {
    const crf = (): Promise<Float32Array> => Promise.reject(new Error('no worker'));
    const refined = segmenter(network, spreadParams(), { protocol: protocols.voc, crf, finishedAtOnce: 2 });
    await expect(collect(refined.segment(mixed))).rejects.toThrow('no worker');
  });
});

describe('compiled', () => {
  const compiling = (): { compiler: Compiler; shapes: string[] } => {
    const shapes: string[] = [];
    const compiler: Compiler = async (pass, example) => {
      const compiled = await compileFunction(pass, example);
      return {
        run: (inputs, wanted) => {
          shapes.push(inputs.images.shape.join());
          return compiled.run(inputs, wanted);
        },
        dispose: compiled.dispose,
      };
    };
    return { compiler, shapes };
  };

  test('a squashing protocol has one shape for each pass, the last batch too', async () => {
    const params = spreadParams();
    const { compiler, shapes } = compiling();
    const outputs = ['logits', 'cam'] as const;
    const graph = segmenter(network, params, { protocol: fast, outputs, compiler });
    const compiled = await collect(graph.segment(mixed));
    const eager = await collect(segmenter(network, params, { protocol: fast, outputs }).segment(mixed));
    for (const [i, { logits, cam }] of compiled.entries()) {
      expect(apart(logits.data, eager[i]!.logits.data)).toBeLessThan(1e-4);
      expect(apart(cam.data, eager[i]!.cam.data)).toBeLessThan(1e-4);
    }
    // scale 1 plain and mirrored, then 0.5 and 1.5 with both twins
    expect(new Set(shapes)).toEqual(new Set(['4,64,64,3', '8,32,32,3', '8,96,96,3']));
    graph.dispose();
  });

  test('of native sizes those that repeat', async () => {
    const params = spreadParams();
    const { compiler, shapes } = compiling();
    const outputs = ['logits'] as const;
    const protocol = protocolOf(voc, { scales: [1], mirror: 'none' });
    const graph = segmenter(network, params, { protocol, outputs, compiler });
    const compiled = await collect(graph.segment(mixed));
    expect(shapes).toEqual(['1,40,56,3']);
    const eager = await collect(segmenter(network, params, { protocol, outputs }).segment(mixed));
    for (const [i, { logits }] of compiled.entries())
      expect(apart(logits.data, eager[i]!.logits.data)).toBeLessThan(1e-4);
    graph.dispose();
    const all = compiling();
    const always = segmenter(network, params, { protocol, outputs, compiler: all.compiler, compileAfter: 1 });
    await collect(always.segment(mixed));
    expect(all.shapes.length).toBe(mixed.length);
    always.dispose();
  });
});

describe('outputs', () => {
  test('labels before CRF and of one pass are those of other protocols', async () => {
    const params = spreadParams();
    const image = [picture(45, 60, 9)];
    const outputs = ['labels', 'fusedLabels', 'singleLabels', 'probabilities'] as const;
    const protocol = protocolOf('voc', { crf: { ...protocols.voc.crf!, iterations: 3 } });
    const all = segmenter(network, params, { protocol, outputs, crf: denseCrfReference });
    const [result] = await collect(all.segment(image));
    const of = async (settings: Parameters<typeof protocolOf>[1]): Promise<Uint8Array> => {
      const [one] = await collect(
        segmenter(network, params, { protocol: protocolOf(voc, settings) }).segment(image),
      );
      return one!.labels;
    };
    expect(result!.fusedLabels).toEqual(await of({}));
    expect(result!.singleLabels).toEqual(await of({ scales: [1], mirror: 'none' }));
    expect(result!.labels).not.toEqual(result!.fusedLabels);
    expect(result!.leftOut).toEqual([]);
    const { data, channels } = result!.probabilities;
    expect(channels).toBe(6);
    const sum = data.subarray(0, 6).reduce((total, value) => total + value, 0);
    expect(sum).toBeCloseTo(1, 5);
  });

  test('attention of the class token, tokens', async () => {
    const params = spreadParams();
    const images = [picture(40, 56, 1)];
    const [result] = await collect(
      segmenter(network, params, { protocol: voc, outputs: ['attention', 'tokens'] }).segment(images),
    );
    const { attention, tokens } = result!;
    expect([attention.height, attention.width, attention.channels]).toEqual([5, 7, 3]);
    expect([tokens.height, tokens.width, tokens.channels]).toEqual([5, 7, 24]);
    for (let head = 0; head < 3; head++) {
      const shares = attention.data.filter((_, i) => i % 3 === head);
      // What is missing from 1 is the class token's attention to itself.
      const total = shares.reduce((sum, share) => sum + share, 0);
      expect(total).toBeGreaterThan(0.5);
      expect(total).toBeLessThan(1);
    }
  });

  test('strips of probabilities are the whole', async () => {
    const params = spreadParams();
    const images = [picture(45, 60, 9)];
    const rows = new Float32Array(45 * 60 * 6);
    const striped = segmenter(network, params, {
      ...{ protocol: voc, outputs: ['scores'] },
      onStrip: ({ top, probabilities }) => {
        rows.set(probabilities.data, top * 60 * 6);
      },
    });
    await collect(striped.segment(images));
    const [whole] = await collect(
      segmenter(network, params, { protocol: voc, outputs: ['probabilities'] }).segment(images),
    );
    expect(apart(rows, whole!.probabilities.data)).toBeLessThan(1e-6);
  });

  test('classes without labels: by score, at least one', async () => {
    const params = spreadParams();
    const classesAt = async (scoreThreshold: number): Promise<readonly number[]> => {
      const options = { protocol: fast, outputs: ['cam', 'scores'] as const, scoreThreshold };
      const [one] = await collect(segmenter(network, params, options).segment([picture(45, 60, 9)]));
      const expected = [...one!.scores.keys()].filter((c) => one!.scores[c]! > scoreThreshold);
      if (expected.length > 0) expect(one!.classes).toEqual(expected);
      expect(one!.cam.channels).toBe(one!.classes.length);
      return one!.classes;
    };
    expect((await classesAt(0)).length).toBe(5);
    expect((await classesAt(1)).length).toBe(1);
  });
});

describe('one line for', () => {
  test('a CRF that is missing, an output that is not there, a window of odd size', () => {
    const { params } = network.init(0);
    expect(() => segmenter(network, params, { protocol: protocols.voc })).toThrow(
      'segmenter: protocol voc has a CRF; give one, such as denseCrf of @toco/crf, or a protocol without.',
    );
    const finish = (): never => {
      throw new Error('not called');
    };
    expect(() => segmenter(network, params, { finish, onStrip: () => undefined })).toThrow(
      'segmenter: onStrip is called while this thread finishes an image; leave finish out, or ask for probabilities.',
    );
    const pooled = { ...network, backbone: { ...network.backbone, classToken: 'pooled' as const } };
    expect(() => segmenter(pooled, params, { outputs: ['attention'] })).toThrow('vit gives no attention');
    const protocol = protocolOf('fast', { window: { size: 60, overlap: 8 } });
    expect(() => segmenter(network, params, { protocol })).toThrow(
      'segmenter: window 60 is not a multiple of the patch size 8 of vit; choose 64.',
    );
  });

  test('bytes that are no image of the size', async () => {
    const { params } = network.init(0);
    const broken = { id: 'a.jpg', height: 4, width: 4, data: new Uint8Array(10) };
    await expect(collect(segmenter(network, params).segment([broken]))).rejects.toThrow(
      'a.jpg: 10 bytes for 4×4 pixels; give red, green and blue of each.',
    );
  });
});
