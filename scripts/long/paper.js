// All of the paper's tables and figures on drawn scenes, as examples/paper makes them.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../examples/paper/dist/main.js', import.meta.url));
const tables = [1, 2, 3, 4, 5];
const figures = [1, 2, 5, 6, 7];

export const job = {
  name: 'paper',
  says: "the paper's tables 1 to 5 and figures 1, 2, 5, 6, 7 on drawn scenes, 16 runs of 120 iterations",
  async run({ folder, log, signal }) {
    for (const words of [
      ...tables.map((number) => ['--table', number]),
      ...figures.map((number) => ['--figure', number]),
    ]) {
      await make([...words.map(String), '--preset', 'scenes', '--out', folder], { log, signal });
      if (signal?.aborted) return '';
    }
    return verdict(folder);
  },
};

async function make(args, { log, signal }) {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const stop = () => child.kill('SIGINT');
  signal?.addEventListener('abort', stop);
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => log(text.trimEnd()));
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  signal?.removeEventListener('abort', stop);
  if (!signal?.aborted && code !== 0) throw new Error(`${args.join(' ')} ended with ${code}`);
}

/** What table 4 says in one line; throws where a file is missing or a figure is none. */
function verdict(folder) {
  const expected = [
    ...tables.flatMap((n) => ['md', 'csv', 'svg', 'png'].map((ending) => `table-${n}.${ending}`)),
    ...figures.map((n) => `figure-${n}/figure-${n}.md`),
  ];
  const missing = expected.filter((name) => !existsSync(join(folder, name)));
  if (missing.length > 0) throw new Error(`not written: ${missing.join(', ')}`);
  const rows = readFileSync(join(folder, 'table-4.csv'), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','));
  const means = (quantity) =>
    rows.filter((row) => row[6] === quantity && row[7] !== '').map((row) => Number(row[7]));
  // Rows that train no segmentation have none.
  const [cam, segmentation] = [means('CAM'), means('segmentation')];
  if (cam.length !== 6 || segmentation.length !== 2)
    throw new Error(`table 4 lacks a figure: CAM ${cam.join(', ')}; segmentation ${segmentation.join(', ')}`);
  const list = (values) => values.map((value) => value.toFixed(1)).join(', ');
  return `table 4 by rows, mIoU: CAM ${list(cam)}; segmentation of the last two ${list(segmentation)}`;
}
