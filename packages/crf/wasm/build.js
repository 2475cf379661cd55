/**
 * Compiles the dense CRF to WebAssembly with clang, itself an npm package in WebAssembly, so the same everywhere.
 *
 *   node wasm/build.js           writes src/wasm/binary.ts where the sources are others than it was made of
 *   node wasm/build.js --check   compiles again and fails where the result is another
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const sourceFolder = new URL('../../runtime/native/crf/', import.meta.url);
const target = new URL('../src/wasm/binary.ts', import.meta.url);

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
  ...['-ffp-contract=off', '-fno-math-errno'], // the embedding of a pixel is single precision, operation by operation
  ...['-nostdlib', '-Wl,--no-entry', '-Wl,--import-memory', '-Wl,-z,stack-size=131072', '-Wl,--strip-all'],
  ...['-Wall', '-Wextra', '-Werror'],
];

const files = Object.fromEntries(
  readdirSync(sourceFolder)
    .filter((name) => name.endsWith('.h') || name === 'wasm.cc')
    .sort()
    .map((name) => [name, readFileSync(new URL(name, sourceFolder), 'utf8')]),
);
const { version } = createRequire(import.meta.resolve('@yowasp/clang'))('../package.json');
const hash = createHash('sha256')
  .update(JSON.stringify([flags, files, version]))
  .digest('hex');

async function compile() {
  const { commands } = await import('@yowasp/clang');
  let complaints = '';
  const stderr = (bytes) => void (complaints += bytes ? Buffer.from(bytes).toString() : '');
  try {
    const made = await commands['clang++']([...flags, 'wasm.cc', '-o', 'crf.wasm'], files, {
      stderr,
      fetchProgress: () => undefined,
    });
    return Buffer.from(made['crf.wasm']);
  } catch (error) {
    throw new Error(`clang could not compile the dense CRF:\n${complaints || error.message}`, {
      cause: error,
    });
  }
}

const textOf = (
  binary,
) => `// Made by wasm/build.js from packages/runtime/native/crf; sources and flags: ${hash}
export const binary =
  '${binary.toString('base64')}';
`;

let present = '';
try {
  present = readFileSync(target, 'utf8');
} catch {
  // not made yet
}
if (process.argv.includes('--check')) {
  if (textOf(await compile()) !== present) {
    console.error('src/wasm/binary.ts is not what its sources give: run "node wasm/build.js"');
    process.exitCode = 1;
  }
} else if (!present.includes(hash)) {
  writeFileSync(target, textOf(await compile()));
}
