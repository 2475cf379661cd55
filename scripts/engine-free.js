// Which tests need no TensorFlow: what `npm test` runs on platforms that have no engine.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, testFiles } from './jest.js';

/** The floor without TensorFlow, as CONTRIBUTING.md draws it, and the report, whose pages are typed arrays and text. */
const packages = ['crf', 'datasets', 'files', 'formats', 'report'];
/** Ask for the backend "wasm" themselves. */
const onWasm = [
  'packages/core/test/gradients-wasm.test.ts',
  'packages/runtime/test/wasm-products.test.ts',
  'packages/packaging/test/browser.test.ts',
];
const needsEngine = /@toco\/(?:runtime|trainer|graph|weights)'/;

/** Test files that need no engine, and the number of those left out in each package. */
export function engineFree() {
  const files = testFiles();
  const isFree = (file) =>
    onWasm.includes(file) ||
    (packages.some((name) => file.startsWith(`packages/${name}/`)) &&
      !needsEngine.test(readFileSync(join(root, file), 'utf8')));
  const leftOut = {};
  for (const file of files.filter((file) => !isFree(file))) {
    const name = file.slice(0, file.indexOf('/test/'));
    leftOut[name] = (leftOut[name] ?? 0) + 1;
  }
  return { chosen: files.filter(isFree), leftOut };
}
