// What masks are worth: the four recipes of examples/voc-train at the size of drawn scenes, each with three seeds.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../examples/synthetic/dist/supervision.js', import.meta.url));
const seeds = [0, 1, 2];
/** Points of mIoU by which masks of all images must beat image labels. */
const least = 5;

export const job = {
  name: 'supervision',
  says: 'image labels, some masks, pseudo labels and all masks on drawn scenes, three seeds of 300 iterations each: their order',
  async run({ folder, log, signal }) {
    const file = join(folder, 'figures.json');
    const args = ['--seeds', seeds.join(), '--out', join(folder, 'runs'), '--write', file];
    const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    const stop = () => child.kill('SIGINT');
    signal?.addEventListener('abort', stop);
    child.stderr.setEncoding('utf8').on('data', (text) => log(text.trimEnd()));
    const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
    if (signal?.aborted) return '';
    if (code !== 0) throw new Error(`the runs ended with ${code}`);
    return verdict(JSON.parse(readFileSync(file, 'utf8')));
  },
};

/** Medians in their order in one line; throws where masks are worth nothing. */
function verdict(figures) {
  const names = [...new Set(figures.map(({ supervision }) => supervision))];
  const rows = names.map((name) => {
    const values = figures.filter(({ supervision }) => supervision === name).map(({ seg }) => seg);
    return { name, values, median: [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] };
  });
  rows.sort((a, b) => b.median - a.median);
  const line = rows
    .map(
      ({ name, median, values }) =>
        `${name} ${median.toFixed(1)} (${values.map((v) => v.toFixed(1)).join(', ')})`,
    )
    .join(' > ');
  const of = (wanted) => rows.find(({ name }) => name === wanted).median;
  const gain = of('all masks') - of('image labels');
  if (!(gain >= least))
    throw new Error(`all masks gain ${gain.toFixed(1)} points over image labels: ${line}`);
  return `segmentation mIoU, median (seeds): ${line}`;
}
