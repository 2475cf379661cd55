/** Run when the package is packed: puts the compiled modules of the installed engine into it, so that its users need no compiler. */
import { copyFile, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { nativeModules, prebuiltFolder } from './binding.js';
import { setup } from './setup.js';

const engine = await setup({ device: 'cpu' });
await mkdir(prebuiltFolder(), { recursive: true });
for (const name of Object.values(nativeModules)) {
  await copyFile(join(dirname(engine.folder), name), join(prebuiltFolder(), name));
}
