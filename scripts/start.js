// npm start: sets everything up and runs one real training step.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { bootstrap, fail, root, run, say } from './bootstrap.js';

const example = 'examples/step-by-hand/dist/main.js';

bootstrap();
if (!existsSync(join(root, example)))
  fail(`${example} is not there yet: the packages are ready, "npm test" tries them.`);
say('One training step');
process.exitCode = run('node', [example]) ? 0 : 1;
