/**
 * `node hlo-step.js INPUTS FOLDER PRECISION`: takes steps, has XLA compile the step as a whole, whose dump lies in FOLDER/dump then, and writes
 * down what another process needs to take them: values, names, losses. XLA_FLAGS says where XLA dumps.
 */
import { copyFile, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { disposeTree, flattenTree, mapTree } from '@toco/core';
import { type NDArray, writeSafetensors } from '@toco/formats';
import { compile, type Precision } from '@toco/graph';
import { initTrainState, lossTerms, phaseAt, stepConfig, trainStep } from '@toco/method';
import { initBackend } from '@toco/runtime';
import { type Drawing, drawingLike, drawnValues } from './drawn-values.js';
import { readInputs } from './read-inputs.js';

const [inputs, folder, precision] = process.argv.slice(2) as [string, string, Precision];
const recordedSteps = 2;

await initBackend({ backend: 'tensorflow', device: 'cpu', print: () => undefined });
const { config, network, state: initial, feed } = readInputs(inputs);
const settings = stepConfig(config.step);
const phase = phaseAt(settings.phases, 0);
const step = trainStep(settings, { network });
const real = initTrainState(network, initial);

// The state's order in the program is that of its leaves; each is drawn anew, like its real values.
const drawings: (Drawing & { path: string; shape: number[]; dtype: string })[] = [];
const values = new Map<tf.Tensor, Float32Array | Int32Array | Uint8Array>();
for (const tensor of flattenTree(real).values()) values.set(tensor, await tensor.data());
const state = mapTree(real, (tensor, path) => {
  const drawing = drawingLike(values.get(tensor)!);
  drawings.push({ path, shape: tensor.shape, dtype: tensor.dtype, ...drawing });
  return tf.tensor(
    drawnValues(drawings.length - 1, tensor.size, drawing),
    tensor.shape,
    tensor.dtype as 'float32',
  );
});
const checkpoint = Object.entries(await network.exportCheckpoint(initial)).map(([path, { shape, data }]) => ({
  ...{ path, shape },
  ...drawingLike(data as Float32Array),
}));
disposeTree(real);

// The losses are those of the step as it is trained with on this machine; XLA is asked for its dump alone.
const plain = await compile(step, { state, batch: feed, phase }, { precision });
const losses: Record<string, number>[] = [];
const terms = ['loss', ...lossTerms];
for (let i = 0; i < recordedSteps; i++) {
  const metrics = (await plain.run(feed)) as Readonly<Record<string, number>>;
  losses.push(Object.fromEntries(terms.map((term) => [term, metrics[term]!])));
}
const graph = plain.graphDef();
plain.dispose();
const whole = await compile(step, { state, batch: feed, phase }, { precision, xla: true });
disposeTree(state);
await whole.run(feed);
whole.dispose();

const order = graph.variables.map(({ path }) => drawings.findIndex((leaf) => leaf.path === path));
if (order.some((at, i) => at !== i))
  throw new Error('The leaves of the state come in another order than was drawn.');

const dump = join(folder, 'dump');
const names = (await readdir(dump)).filter((name) => name.endsWith('.before_optimizations.hlo.pb'));
const sizes = await Promise.all(names.map(async (name) => (await stat(join(dump, name))).size));
const largest = names[sizes.indexOf(Math.max(...sizes))]!;
const text = await readFile(join(dump, largest.replace('.hlo.pb', '.txt')), 'utf8');
await copyFile(join(dump, largest), join(folder, 'step.hlo.pb'));
await rm(dump, { recursive: true });

// What XLA names as aliased with a parameter is that variable's new value; those it leaves out are not assigned.
const header = text.slice(0, text.indexOf('\n'));
const aliases = [...header.matchAll(/\{(\d+)\}: \((\d+),/g)].map(([, out, parameter]) => [
  Number(out),
  Number(parameter) - graph.feeds.length,
]);
const assigned = aliases.sort(([a], [b]) => a! - b!).map(([, variable]) => variable);

const arrays: Record<string, NDArray> = {};
const collect = (tree: object, prefix: string): void => {
  for (const [key, value] of Object.entries(tree) as [string, object][]) {
    const at = value as { data?: Float32Array | Int32Array; shape?: number[] };
    if (ArrayBuffer.isView(at.data))
      arrays[prefix + key] = {
        dtype: at.data instanceof Int32Array ? 'int32' : 'float32',
        shape: at.shape!,
        data: at.data,
      };
    else collect(value, `${prefix}${key}.`);
  }
};
collect(feed, '');
await writeSafetensors(join(folder, 'batch.safetensors'), arrays);

const { name } = config.network;
await mkdir(folder, { recursive: true });
await writeFile(
  join(folder, 'step.json'),
  JSON.stringify({
    title: `${name}, ${config.cropSize} × ${config.cropSize}, batch ${config.batchSize}, ${precision}`,
    ...{ precision, losses, config, checkpoint, assigned },
    feeds: graph.feeds.map(({ path }) => ({ path })),
    state: drawings,
    outputs: graph.outputs.map(({ path }) => path),
  }),
);
