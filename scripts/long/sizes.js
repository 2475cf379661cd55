// A thousand native sizes in one process: memory must not grow with them.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { root } from '../jest.js';

const sizes = 1000;

/** Megabytes that the second half may add: what an allocator keeps, not what each size leaves. */
const allowed = 60;

export const job = {
  name: 'sizes',
  says: `${sizes} images of different sizes through one segmenter, memory flat`,
  minutes: 60,
  run: async ({ signal }) => {
    const program = join(root, 'packages/goldens/dist/many-sizes.js');
    const child = spawn(process.execPath, ['--expose-gc', program, String(sizes)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child.stdout.setEncoding('utf8');
    let printed = '';
    child.stdout.on('data', (text) => (printed += text));
    const [status, killed] = await once(child, 'close');
    if (signal.aborted) return ''; // which the program was told, too, as one of the job's group
    if (status !== 0)
      throw new Error(`many-sizes.js ended with ${killed ?? `status ${status}`}; its lines stand above`);
    const megabytes = JSON.parse(printed.trim().split('\n').at(-1));
    const [middle, last] = [megabytes[4], megabytes[9]];
    const line = `${sizes} sizes, megabytes after each tenth: ${megabytes.join(', ')}`;
    if (last - middle > allowed) throw new Error(`${line}; the second half may add ${allowed} MB`);
    return line;
  },
};
