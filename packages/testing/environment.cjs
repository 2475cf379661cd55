const { TestEnvironment } = require('jest-environment-node');

/**
 * Jest gives each test file a realm of its own. Typed arrays that a native addon makes belong to the outer realm and would
 * fail `instanceof` inside, so the realm is given the outer constructors.
 */
module.exports = class extends TestEnvironment {
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
  }
};
