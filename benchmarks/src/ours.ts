/**
 * `node ours.js FILE PRECISION [THREADS|-] [OPTIONS]`: our side of the benchmark, a step or a measurement per line of input. OPTIONS
 * is JSON: what differs from one process on the processor without XLA, see {@link OurOptions}.
 */
import { createInterface } from 'node:readline';
import type { Precision } from '@toco/graph';
import { initBackend, joinCluster } from '@toco/runtime';
import { compiledStep } from './compiled-step.js';
import type { Answer, OurOptions, Request } from './contender.js';
import { matrixProductPeak } from './matrix-product-peak.js';

const [path, precision, threads = '-', json = '{}'] = process.argv.slice(2) as [
  string,
  Precision,
  string | undefined,
  string | undefined,
];
const { xla = false, share, cluster, ...device } = JSON.parse(json) as OurOptions;
const say = (answer: Answer): void => void process.stdout.write(`${JSON.stringify(answer)}\n`);

const peers = cluster && (await joinCluster(cluster));
const engine = await initBackend({
  backend: 'tensorflow',
  print: () => undefined,
  ...(threads !== '-' && { threads: Number(threads) }),
  ...device,
  cluster: peers,
});
const step = await compiledStep(path, {
  ...{ precision, engine, xla, tf32: device.tf32 ?? false, cluster: peers },
  ...(share && { share }),
});
say({ version: `TensorFlow ${engine.version}`, threads: engine.threads });
for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line) as Request;
  if (request.command === 'peak') {
    say({ gflops: await matrixProductPeak(request.size, request.precision) });
  } else {
    const [start, processorStart] = [performance.now(), process.cpuUsage()];
    const done = request.command === 'reduce' ? { bytes: await step.reduce() } : { losses: await step.run() };
    const { user, system } = process.cpuUsage(processorStart);
    say({ milliseconds: performance.now() - start, processorMilliseconds: (user + system) / 1000, ...done });
  }
}
step.dispose();
await peers?.close();
