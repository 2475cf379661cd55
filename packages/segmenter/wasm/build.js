/** Compiles what is done with rows of planes: `node wasm/build.js [--check]`. */
import { compileWasm } from '../../../scripts/compile-wasm.js';

await compileWasm({
  sources: new URL('./', import.meta.url),
  entry: 'rows.cc',
  target: new URL('../src/masks/wasm/binary.ts', import.meta.url),
  from: 'packages/segmenter/wasm',
});
