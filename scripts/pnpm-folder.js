// Prints the folder of the PATH that holds pnpm: bootstrap.js runs this where the pinned one is on the PATH.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const folders = process.env.PATH.split(delimiter);
process.stdout.write(folders.find((folder) => existsSync(join(folder, 'pnpm'))) ?? '');
