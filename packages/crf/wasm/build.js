/** Compiles the dense CRF: `node wasm/build.js [--check]`. */
import { compileWasm } from '../../../scripts/compile-wasm.js';

await compileWasm({
  sources: new URL('../../runtime/native/crf/', import.meta.url),
  entry: 'wasm.cc',
  target: new URL('../src/wasm/binary.ts', import.meta.url),
  from: 'packages/runtime/native/crf',
});
