/** `node write-inputs.js FILE CONFIG`: a batch and first weights, for all sides of the benchmark. */
import { writeSafetensors, type NDArray } from '@toco/formats';
import { initBackend } from '@toco/runtime';
import { batchArrays } from './batch-arrays.js';
import type { BenchmarkConfig } from './benchmark-config.js';
import { buildNetwork } from './build-network.js';

const [path, json] = process.argv.slice(2) as [string, string];
const config = JSON.parse(json) as BenchmarkConfig;
await initBackend({ print: () => undefined });
const network = buildNetwork(config);
const arrays: Record<string, NDArray> = {};
const batch = batchArrays({ ...config, classes: network.numClasses }, network.backbone);
for (const [key, array] of Object.entries(batch)) arrays[`batch.${key}`] = array;
const weights = await network.exportCheckpoint(network.init(0));
for (const [key, array] of Object.entries(weights)) arrays[`weights.${key}`] = array;
await writeSafetensors(path, arrays, { config: json });
