import { createRequire } from 'node:module';
import { threadId } from 'node:worker_threads';

/** The sum of the main view, and where it was computed. */
export function sumOfView({ images }, { factor }) {
  return {
    sum: images.reduce((sum, value) => sum + value, 0) * factor,
    values: images.slice(0, 3),
    threadId,
  };
}

export function fails() {
  throw new Error('no lattice today');
}

export function endsThread() {
  process.exit(3);
}

/** Traces that TensorFlow.js leaves where it is loaded. */
export function tensorFlowTraces() {
  const modules = Object.keys(createRequire(import.meta.url).cache).filter((path) =>
    path.includes('tensorflow'),
  );
  return { global: '_tfGlobals' in globalThis, modules, threadId };
}
