import * as tf from '@tensorflow/tfjs-core';

/** Everything in TensorFlow.js that an import could change, by name. */
function inventory(): Map<string, unknown> {
  const found = new Map<string, unknown>();
  const registries =
    (globalThis as { _tfGlobals?: Map<string, unknown> })._tfGlobals ?? new Map<string, unknown>();
  for (const [registry, content] of registries) {
    if (!(content instanceof Map)) continue;
    for (const [key, value] of content as Map<string, unknown>) found.set(`${registry} ${key}`, value);
  }
  for (const name of tf.engine().backendNames()) found.set(`backend ${name}`, tf.findBackendFactory(name));
  for (const [flag, value] of Object.entries(tf.env().getFlags())) found.set(`flag ${flag}`, value);
  for (const type of [tf.Tensor, tf.Variable]) {
    for (const name of Object.getOwnPropertyNames(type.prototype)) {
      found.set(`${type.name}.${name}`, Object.getOwnPropertyDescriptor(type.prototype, name)?.value);
    }
  }
  found.set('platform', tf.env().platform);
  return found;
}

/**
 * Fails if an import changes the user's TensorFlow.js: gradients, kernels, backends, flags, chained methods, platform, or the
 * number of tensors.
 *
 * Call it alone in a test file that imports nothing else of the package: a module runs only once.
 *
 * @example
 * await expectImportIsInert(() => import('@toco/core'));
 */
export async function expectImportIsInert(load: () => Promise<unknown>): Promise<void> {
  const before = inventory();
  await load();
  const after = inventory();
  const changed = [...new Set([...before.keys(), ...after.keys()])].filter(
    (key) => before.has(key) !== after.has(key) || before.get(key) !== after.get(key),
  );
  if (changed.length > 0) {
    const names = changed.slice(0, 5).join(', ');
    throw new Error(`the import changed ${changed.length} thing(s) in TensorFlow.js: ${names}`);
  }
  if (tf.engine().state.numTensors !== 0) throw new Error('the import left tensors behind');
}
