import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { killCluster } from '../../packages/testing/dist/kills/kill-cluster.js';
import { weightDistance } from '../../packages/testing/dist/kills/weight-distance.js';

const cli = (file) => fileURLToPath(new URL(`../../packages/cli/${file}`, import.meta.url));
const kills = 20;
const bound = 120;

export const job = {
  name: 'cluster',
  says: `two processes that train together, one of which is killed ${kills} times, end as two that were not, and as one process`,
  async run({ folder, log, signal }) {
    const training = {
      main: cli('dist/main.js'),
      args: ['--config', cli('test/cluster/cluster.yaml'), '--backbone', cli('test/tiny-backbone.js')],
      iterations: 50,
    };
    const distance = besideOne(folder, training);
    log(`weights after ${training.iterations} iterations: ${distance.toExponential(1)} from those of one process`);
    if (!(distance < 1e-5)) throw new Error(`The weights are ${distance} from those of one process.`);
    const seconds = await killCluster(training, { folder, seed: 1, kills, bound, log, signal });
    return `weights within ${distance.toExponential(1)} of one process; ${kills} kills; the other process ended ${seconds.toFixed(1)} s after one at the most`;
  },
};

/** Trains with `toco launch` and alone, and compares the weights. */
function besideOne(folder, { main, args, iterations }) {
  const [one, two] = ['one', 'two'].map((name) => join(folder, name));
  for (const path of [one, two]) rmSync(path, { recursive: true, force: true });
  const train = (out) => ['train', ...args, '--out', out];
  execFileSync(process.execPath, [main, ...train(one)], { stdio: 'ignore' });
  execFileSync(process.execPath, [main, 'launch', '--processes', '2', ...train(two)], { stdio: 'ignore' });
  return weightDistance(two, one, iterations);
}
