/**
 * Run when the package is packed: compiles its native modules into it, so that its users need no compiler. They are not
 * committed: what is published is then always built from the sources beside it.
 */
import { mkdir, mkdtemp, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { compileBinding, isPrebuilt, nativeModules, prebuiltFolder } from './binding.js';
import { denseCrfModule } from './dense-crf-module.js';
import { arePrebuilt, prebuildKernels } from './kernels.js';
import { prebuildModule } from './native-module.js';
import { installNodePackage } from './node-package.js';
import { printToStderr } from './progress.js';
import { setup } from './setup.js';

const engine = await setup({ device: 'cpu' });
if (!arePrebuilt()) await prebuildKernels(dirname(engine.folder));
await prebuildModule(denseCrfModule);
if (!isPrebuilt()) {
  await mkdir(dirname(prebuiltFolder()), { recursive: true });
  const folder = await mkdtemp(`${prebuiltFolder()}.partial-`);
  await symlink(engine.folder, join(folder, 'tensorflow'));
  await compileBinding(folder, await installNodePackage(printToStderr));
  await mkdir(prebuiltFolder(), { recursive: true });
  for (const name of Object.values(nativeModules))
    await rename(join(folder, name), join(prebuiltFolder(), name));
  await rm(folder, { recursive: true });
}
