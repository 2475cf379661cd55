// Writes the pages into dist: static files with relative addresses, to be served from any folder.
import { build } from 'esbuild';
import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const dist = join(here, 'dist');
const wasm = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm'));

await rm(dist, { recursive: true, force: true });
await mkdir(join(dist, 'wasm'), { recursive: true });
const options = {
  outdir: dist,
  bundle: true,
  minify: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2023',
  logLevel: 'warning',
};
await build({
  ...options,
  entryPoints: ['page', 'worker', 'train-page', 'train-worker'].map((name) => join(here, `src/${name}.ts`)),
});
for (const file of ['index.html', 'train.html', 'style.css'])
  await cp(join(here, 'src', file), join(dist, file));
await cp(join(here, 'model'), join(dist, 'model'), { recursive: true });
for (const file of (await readdir(wasm)).filter((name) => name.endsWith('.wasm')))
  await cp(join(wasm, file), join(dist, 'wasm', file));

// The service worker knows all files, and a hash of them: where one changes, all are fetched anew.
const files = (await readdir(dist, { recursive: true, withFileTypes: true }))
  .filter((entry) => entry.isFile())
  .map(({ parentPath, name }) =>
    join(parentPath, name)
      .slice(dist.length + 1)
      .replaceAll('\\', '/'),
  )
  .sort();
const hash = createHash('sha256');
for (const file of files) hash.update(file).update(await readFile(join(dist, file)));
const define = {
  FILES: JSON.stringify(['./', ...files]),
  VERSION: JSON.stringify(hash.digest('hex').slice(0, 16)),
};
await build({ ...options, define, entryPoints: [join(here, 'src/service-worker.ts')] });
// What knows which files there are is known itself: a page that embeds these can check that none is missing.
await writeFile(join(dist, 'files.json'), `${JSON.stringify(files, null, 2)}\n`);
