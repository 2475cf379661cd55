/**
 * `node predict-ours.js FOLDER THREADS|- COMPILE`: our side of the prediction benchmark, all images of FOLDER for each line of
 * input, as `toco predict` does: maps are fused and refined in threads beside the network's passes.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { taskPool } from '@toco/datasets';
import { compileFunction, lanesOf } from '@toco/graph';
import { initBackend } from '@toco/runtime';
import {
  type Compiler,
  type FinishTask,
  protocolOf,
  protocols,
  segmenter,
  type SegmenterImage,
} from '@toco/segmenter';
import type { Answer, Request } from './contender.js';
import { finishWork } from './finish-work.js';
import type { PredictImage } from './predict-images.js';
import { readInputs } from './read-inputs.js';

const [folder, threads, compiles] = process.argv.slice(2) as [string, string, string];
const say = (answer: Answer): void => void process.stdout.write(`${JSON.stringify(answer)}\n`);

const engine = await initBackend({
  backend: 'tensorflow',
  print: () => undefined,
  ...(threads !== '-' && { threads: Number(threads) }),
});
const { network, state } = readInputs(join(folder, 'inputs.safetensors'));
const listed = JSON.parse(readFileSync(join(folder, 'images.json'), 'utf8')) as PredictImage[];
const images = listed.map(({ name, ...size }): SegmenterImage => ({
  ...size,
  id: name,
  data: readFileSync(join(folder, name)),
}));
const lanes = lanesOf(engine, { xla: false });
const compiler = ((pass, example) =>
  compileFunction(pass as never, example, { ...lanes.options, maxTraces: 64 })) as Compiler;
const pool = taskPool(finishWork, engine.threads, { background: true });
const computes = {
  outputs: ['labels'],
  forward: lanes.forward,
  finish: (task: FinishTask) => pool.run(task),
  finishedAtOnce: engine.threads + 1,
  ...(compiles === 'true' && { compiler, compileAfter: 1 }),
} as const;
const sides = {
  network: segmenter(network, state.params, { ...computes, protocol: protocolOf('voc', { crf: 'none' }) }),
  whole: segmenter(network, state.params, { ...computes, protocol: protocols.voc }),
};

say({ version: `TensorFlow ${engine.version}`, threads: engine.threads });
for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line) as Request;
  if (request.command !== 'predict') continue;
  const labels: Uint8Array[] = [];
  const [start, processorStart] = [performance.now(), process.cpuUsage()];
  for await (const segmented of sides[request.crf ? 'whole' : 'network'].segment(images))
    labels.push(segmented.labels);
  const { user, system } = process.cpuUsage(processorStart);
  const milliseconds = performance.now() - start;
  const file = join(folder, `labels-toco-${request.crf}`);
  writeFileSync(file, Buffer.concat(labels));
  say({ milliseconds, processorMilliseconds: (user + system) / 1000, labels: file });
}
await pool.close();
