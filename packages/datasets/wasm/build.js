/** Compiles the passes over the pixels of a view: `node wasm/build.js [--check]`. */
import { compileWasm } from '../../../scripts/compile-wasm.js';

await compileWasm({
  sources: new URL('.', import.meta.url),
  entry: 'views.cc',
  target: new URL('../src/transforms/compiled/binary.ts', import.meta.url),
  from: 'wasm/views.cc',
});
