import { execFile } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { killCluster } from '../../packages/testing/dist/kills/kill-cluster.js';
import { weightDistance } from '../../packages/testing/dist/kills/weight-distance.js';

const cli = (file) => fileURLToPath(new URL(`../../packages/cli/${file}`, import.meta.url));
const kills = 20;
const bound = 120;

export const job = {
  name: 'cluster',
  says: `two processes that train together, one of which is killed ${kills} times, end as two that were not, and as one process`,
  async run({ folder, log, resume, signal }) {
    const training = {
      main: cli('dist/main.js'),
      args: ['--config', cli('test/cluster/cluster.yaml'), '--backbone', cli('test/tiny-backbone.js')],
      iterations: 50,
    };
    const distance = await besideOne(folder, training, resume);
    log(
      `weights after ${training.iterations} iterations: ${distance.toExponential(1)} from those of one process`,
    );
    if (!(distance < 1e-5)) throw new Error(`The weights are ${distance} from those of one process.`);
    const seconds = await killCluster(training, { folder, seed: 1, kills, bound, log, resume, signal });
    return `weights within ${distance.toExponential(1)} of one process; ${kills} kills; the other process ended ${seconds.toFixed(1)} s after one at the most`;
  },
};

/** Trains with `toco launch` and alone, unless that is done, and compares the weights. */
async function besideOne(folder, { main, args, iterations }, resume) {
  const [one, two] = ['one', 'two'].map((name) => join(folder, name));
  const train = (out) => ['train', ...args, '--out', out];
  for (const [out, command] of [
    [one, train(one)],
    [two, ['launch', '--processes', '2', ...train(two)]],
  ]) {
    if (resume && existsSync(join(out, 'report.html'))) continue;
    rmSync(out, { recursive: true, force: true });
    await promisify(execFile)(process.execPath, [main, ...command]);
  }
  return weightDistance(two, one, iterations);
}
