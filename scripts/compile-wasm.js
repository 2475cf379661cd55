/**
 * Compiles C++ to WebAssembly with clang, itself an npm package in WebAssembly, so the same everywhere, and keeps the binary as a
 * TypeScript module. A package's `wasm/build.js` calls this:
 *
 *   node wasm/build.js           writes the module where the sources are others than it was made of
 *   node wasm/build.js --check   compiles again and fails where the result is another
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const flags = [
  ...[
    '--target=wasm32-wasip1',
    '-O3',
    '-std=c++17',
    '-fno-exceptions',
    '-fno-rtti',
    '-fno-threadsafe-statics',
  ],
  ...['-msimd128', '-mbulk-memory', '-msign-ext', '-mnontrapping-fptoint'],
  ...['-ffp-contract=off', '-fno-math-errno'], // single precision is rounded operation by operation
  ...['-nostdlib', '-Wl,--no-entry', '-Wl,--import-memory', '-Wl,-z,stack-size=131072', '-Wl,--strip-all'],
  ...['-Wall', '-Wextra', '-Werror'],
];

/**
 * @param {{ sources: URL, entry: string, target: URL, from: string }} options folder of the sources, the file of them that includes
 *   the others, the module to write, and what the module's first line says it was made from
 */
export async function compileWasm({ sources, entry, target, from }) {
  const files = Object.fromEntries(
    readdirSync(sources)
      .filter((name) => name.endsWith('.h') || name === entry)
      .sort()
      .map((name) => [name, readFileSync(new URL(name, sources), 'utf8')]),
  );
  const { version } = createRequire(import.meta.resolve('@yowasp/clang'))('../package.json');
  const hash = createHash('sha256')
    .update(JSON.stringify([flags, files, version]))
    .digest('hex');
  const made = async () => `// Made by wasm/build.js from ${from}; sources and flags: ${hash}
export const binary =
  '${(await compiled(entry, files)).toString('base64')}';
`;

  let present = '';
  try {
    present = readFileSync(target, 'utf8');
  } catch {
    // not made yet
  }
  if (process.argv.includes('--check')) {
    if ((await made()) !== present) {
      const name = target.pathname.slice(target.pathname.lastIndexOf('/src/') + 1);
      console.error(`${name} is not what its sources give: run "node wasm/build.js"`);
      process.exitCode = 1;
    }
  } else if (!present.includes(hash)) {
    writeFileSync(target, await made());
  }
}

async function compiled(entry, files) {
  const { commands } = await import('@yowasp/clang');
  let complaints = '';
  const stderr = (bytes) => void (complaints += bytes ? Buffer.from(bytes).toString() : '');
  try {
    const made = await commands['clang++']([...flags, entry, '-o', 'made.wasm'], files, {
      stderr,
      fetchProgress: () => undefined,
    });
    return Buffer.from(made['made.wasm']);
  } catch (error) {
    throw new Error(`clang could not compile ${entry}:\n${complaints || error.message}`, { cause: error });
  }
}
