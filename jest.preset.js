import { fileURLToPath } from 'node:url';

const root = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Shared by every package: TypeScript through swc as native ES modules, siblings' sources, one realm of typed arrays. */
export default {
  testEnvironment: root('packages/testing/environment.cjs'),
  setupFiles: [root('packages/testing/property-seed.js')],
  testEnvironmentOptions: { customExportConditions: ['@toco/source', 'node', 'node-addons'] },
  roots: ['<rootDir>/src', '<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2023' },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  moduleFileExtensions: ['ts', 'js', 'mjs', 'cjs', 'json', 'node'],
  // bounds a hang, not the speed: machines that run tests may be busy
  testTimeout: 300_000,
  // one of several projects takes the number of the whole
  ...(process.env.TOCO_PROJECTS === undefined && { maxWorkers: 1 }),
};
