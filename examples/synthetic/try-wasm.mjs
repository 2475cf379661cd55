import { sceneConfig } from './dist/scene-config.js';
import { settings } from './dist/toco-config.js';
import { shortened } from './dist/shortened.js';
import { runScenes, figuresOf } from './dist/run-scenes.js';
const config = sceneConfig({ ...shortened(settings), engine: { backend: process.argv[2], compile: false } });
const t = performance.now();
const run = await runScenes(config, { folder: '/tmp/any23/run-'+process.argv[2]+'', resume: false, signal: new AbortController().signal });
console.log(JSON.stringify(figuresOf(run, 0)), (performance.now() - t) / 1000);
