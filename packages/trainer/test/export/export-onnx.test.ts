import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Backbone, swin, vit } from '@toco/backbone';
import type { TensorTree } from '@toco/core';
import { createNetwork, type Network, type NetworkParams } from '@toco/network';
import { initBackend } from '@toco/runtime';
import { inferenceForward, type InferenceOutput, inferenceOutputs } from '@toco/segmenter';
import { askPython, findPython, randomTensor, testWhere } from '@toco/testing';
import * as tf from '@tensorflow/tfjs-core';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { exportNetwork } from '../../src/network/export-network.js';
import { smallNetwork, spread } from './exported.js';

let folder = '';

beforeAll(async () => {
  await initBackend({ backend: 'tensorflow' });
  folder = await mkdtemp(join(tmpdir(), 'toco-onnx-'));
});
afterAll(async () => rm(folder, { recursive: true }));

/** A network whose sizes all differ. */
function networkOn<P extends TensorTree>(backbone: Backbone<P>): Network {
  const projection = { hidden: 8, bottleneck: 4, out: 8 };
  return createNetwork({ backbone, numClasses: 3, decoderDim: 8, projection }) as unknown as Network;
}

const dinov2 = { patchSize: 14, layerScale: 0.5, registerTokens: 2, positionResizing: 'bicubic' } as const;
// Windows of 3×3 tokens fit neither grid, so they are padded and shifted; large grids have shifted windows in every stage.
const networks = {
  ViT: [vit({ name: 'ViT', imageSize: 16, patchSize: 8, dim: 12, depth: 3, heads: 3 }), [32, 48]],
  DINOv2: [vit({ name: 'DINOv2', imageSize: 28, dim: 12, depth: 3, heads: 3, ...dinov2 }), [28, 56]],
  Swin: [swin({ name: 'Swin', dim: 12, depths: [2, 2, 2], heads: [2, 4, 6], window: 3 }), [64, 96]],
} as const;

for (const [name, [backbone, sizes]] of Object.entries(networks)) {
  for (const size of sizes) {
    test(`${name} at ${size}: any number of images give what the network gives`, async () => {
      const network = networkOn(backbone as Backbone<TensorTree>);
      const params = spread(network);
      const outputs = inferenceOutputs.filter((output) => name !== 'Swin' || output !== 'attention');
      const out = join(folder, `${name}-${size}`);
      const { inputs } = await exportNetwork(network, params, { format: 'onnx', size, out, outputs });
      expect(inputs.map(({ name, shape }) => [name, shape])).toEqual([
        ['images', [{ timesBatch: 1 }, size, size, 3]],
      ]);
      const session = await InferenceSession.create(join(out, 'model.onnx'));
      expect(session.inputNames).toEqual(['images']);
      expect([...session.outputNames].sort()).toEqual([...outputs].sort());
      for (const batch of [1, 4]) await expectSame(session, { network, params, outputs, batch, size });
    });
  }
}

interface Compared {
  readonly network: Network;
  readonly params: NetworkParams;
  readonly outputs: readonly InferenceOutput[];
  readonly batch: number;
  readonly size: number;
}

/** ONNX Runtime and the network itself, operation by operation, give the same for some images. */
async function expectSame(
  session: InferenceSession,
  { network, params, outputs, batch, size }: Compared,
): Promise<void> {
  const images = randomTensor([batch, size, size, 3], batch, { low: 0, high: 255 }) as tf.Tensor4D;
  const expected = inferenceForward(network, outputs)(params, { images });
  const found = await session.run({ images: new Tensor('float32', await images.data(), images.shape) });
  for (const output of outputs) {
    const [want, got] = [expected[output], found[output]!];
    expect([output, got.dims, got.type]).toEqual([output, want.shape, want.dtype]);
    const [wanted, given] = [await want.data(), got.data as Float32Array];
    const apart = Array.from(wanted, (value, i) => Math.abs(value - given[i]!));
    // A pixel between two classes may be of either.
    if (output === 'labels') expect(apart.filter((one) => one > 0).length).toBeLessThan(2e-3 * apart.length);
    else expect([output, apart.every((one) => one <= 1e-4)]).toEqual([output, true]);
  }
  expect(new Set(await expected.labels.data()).size).toBeGreaterThan(1);
  tf.dispose([images, expected]);
}

test('attention whose pieces depend on the number of images is written whole', async () => {
  // 24×24 patches: 2 images of 12 heads are more than are computed at once, one is not.
  const backbone = vit({
    name: 'large',
    imageSize: 192,
    patchSize: 8,
    dim: 24,
    depth: 1,
    heads: 12,
    auxBlock: 0,
  });
  const network = networkOn(backbone);
  const params = spread(network);
  const options = { network, params, outputs: ['labels', 'scores'] as const, size: 192 };
  const out = join(folder, 'large');
  await exportNetwork(network, params, { format: 'onnx', size: 192, out, outputs: options.outputs });
  const session = await InferenceSession.create(join(out, 'model.onnx'));
  for (const batch of [1, 2]) await expectSame(session, { ...options, batch });
});

test('names of the classes are beside the model and in it; a folder that holds something is refused', async () => {
  const out = join(folder, 'classes');
  const network = smallNetwork();
  const options = { format: 'onnx', size: 32, out, classes: ['cat', 'dog', 'hen'] } as const;
  await exportNetwork(network, spread(network), options);
  expect((await readdir(out)).sort()).toEqual(['classes.json', 'model.onnx']);
  const labels = '["background","cat","dog","hen"]';
  expect(JSON.stringify(JSON.parse(await readFile(join(out, 'classes.json'), 'utf8')))).toBe(labels);
  expect((await readFile(join(out, 'model.onnx'))).includes(labels)).toBe(true);
  await expect(exportNetwork(network, spread(network), options)).rejects.toThrow(/is not empty/);
});

test('an operation that ONNX is not told of is named', async () => {
  const plain = networks.ViT[0];
  const backbone = {
    ...plain,
    apply: (params, images, options) => plain.apply(params, tf.cos(images), options),
  } as typeof plain;
  const network = networkOn(backbone);
  await expect(
    exportNetwork(network, spread(network), { format: 'onnx', size: 32, out: join(folder, 'cos') }),
  ).rejects.toThrow(/^Cos_\d+: ONNX is not told of the operation Cos; write the backbone with others\.$/);
});

const python = findPython('onnx');

testWhere(
  test,
  python !== undefined,
  'no Python with onnx; TOCO_TEST_PYTHON names one',
)("ONNX' own checker finds nothing, and the same shapes", async () => {
  const out = join(folder, 'checked');
  const network = networkOn(networks.Swin[0]);
  await exportNetwork(network, spread(network), { format: 'onnx', size: 96, out });
  const script = `
import json, onnx, sys
model = onnx.load(sys.argv[1])
onnx.checker.check_model(model, full_check=True)
shape = lambda port: [d.dim_param or d.dim_value for d in port.type.tensor_type.shape.dim]
graph = model.graph
print(json.dumps({"opset": model.opset_import[0].version,
                  "ports": {port.name: shape(port) for port in [*graph.input, *graph.output]}}))`;
  expect(askPython(python!, script, [join(out, 'model.onnx')])).toEqual({
    opset: 18,
    ports: {
      images: ['batch', 96, 96, 3],
      logits: ['batch', 96, 96, 4],
      labels: ['batch', 96, 96],
      scores: ['batch', 3],
    },
  });
});
