import { fileURLToPath } from 'node:url';
import { killCluster } from '../../packages/testing/dist/kills/kill-cluster.js';

const cli = (file) => fileURLToPath(new URL(`../../packages/cli/${file}`, import.meta.url));
const kills = 20;
const bound = 120;

export const job = {
  name: 'cluster',
  says: `two processes that train together, one of which is killed ${kills} times, end as two that were not`,
  async run({ folder, log, signal }) {
    const training = {
      main: cli('dist/main.js'),
      args: ['--config', cli('test/cluster/cluster.yaml'), '--backbone', cli('test/tiny-backbone.js')],
      iterations: 50,
    };
    const seconds = await killCluster(training, { folder, seed: 1, kills, bound, log, signal });
    return `${kills} kills; the other process ended ${seconds.toFixed(1)} s after one at the most`;
  },
};
