// A thousand native sizes in one process: memory must not grow with them.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../jest.js';

const sizes = 1000;

/** Megabytes that the second half may add: what an allocator keeps, not what each size leaves. */
const allowed = 60;

export const job = {
  name: 'sizes',
  says: `${sizes} images of different sizes through one segmenter, memory flat`,
  minutes: 30,
  run: async () => {
    const program = join(root, 'packages/goldens/dist/many-sizes.js');
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', program, String(sizes)], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(stderr.trim());
    const megabytes = JSON.parse(stdout.trim().split('\n').at(-1));
    const [middle, last] = [megabytes[4], megabytes[9]];
    const line = `${sizes} sizes, megabytes after each tenth: ${megabytes.join(', ')}`;
    if (last - middle > allowed) throw new Error(`${line}; the second half may add ${allowed} MB`);
    return line;
  },
};
