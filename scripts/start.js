// npm start: sets everything up, trains ToCo on drawn scenes, and ends with a report of curves and pictures.
import { bootstrap, root, run, say } from './bootstrap.js';

await bootstrap();
say('Training on drawn scenes (Ctrl-C saves; npm start goes on from there)');
process.exitCode = run('node', [
  'examples/synthetic/dist/main.js',
  '--out',
  `${root}runs/synthetic`,
  ...process.argv.slice(2),
])
  ? 0
  : 1;
