const { relative } = require('node:path');
const { TestEnvironment } = require('jest-environment-node');
const { seed } = require('./seed.cjs');
const watchdog = require('./watchdog.cjs');

/**
 * Jest gives each test file a realm of its own. Typed arrays that a native addon makes belong to the outer realm and would
 * fail `instanceof` inside, so the realm is given the outer constructors. Property tests find their seed there, and a file
 * that hangs is ended from outside.
 */
module.exports = class extends TestEnvironment {
  #path;
  #watching;

  constructor(config, context) {
    super(config, context);
    for (const type of [
      ArrayBuffer,
      SharedArrayBuffer,
      DataView,
      Float32Array,
      Float64Array,
      Int8Array,
      Int16Array,
      Int32Array,
      Uint8Array,
      Uint8ClampedArray,
      Uint16Array,
      Uint32Array,
      BigInt64Array,
      BigUint64Array,
    ]) {
      this.global[type.name] = type;
    }
    this.global.process.env.TOCO_SEED = String(seed);
    const { projectConfig, globalConfig } = config;
    this.#path = relative(process.cwd(), context.testPath);
    this.#watching = globalConfig.watch || globalConfig.watchAll;
    watchdog.watch(context.testPath, projectConfig.testEnvironmentOptions);
  }

  async handleTestEvent(event) {
    if (event.name === 'test_fn_start') watchdog.running(nameOf(event.test));
    if (event.name === 'hook_start') watchdog.running(`${event.hook.type} of ${nameOf(event.hook.parent)}`);
    if (event.name !== 'test_done') return;
    watchdog.running(undefined);
    if (event.test.errors.length > 0) {
      process.stderr.write(`${this.#path}: "${nameOf(event.test)}" failed with TOCO_SEED=${seed}\n`);
    }
  }

  async teardown() {
    if (this.#watching) watchdog.rest();
    await super.teardown();
  }
};

function nameOf(block) {
  const names = [];
  for (let one = block; one !== undefined && one.name !== 'ROOT_DESCRIBE_BLOCK'; one = one.parent) {
    names.unshift(one.name);
  }
  return names.length > 0 ? names.join(' › ') : 'the file';
}
