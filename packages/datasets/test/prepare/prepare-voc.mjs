// A process of its own: prepares VOC with the options in its argument, on the built package.
import { prepareVoc } from '../../dist/index.js';

try {
  const { lists, alreadyDone } = await prepareVoc(JSON.parse(process.argv[2]));
  process.stdout.write(JSON.stringify({ lists, alreadyDone }));
} catch (error) {
  process.stderr.write(error.message);
  process.exitCode = 1;
}
