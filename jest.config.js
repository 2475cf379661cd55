import { existsSync, readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = (path) => fileURLToPath(new URL(path, import.meta.url));

/** TypeScript through swc as native ES modules, siblings' sources, one realm of typed arrays. */
const shared = {
  testEnvironment: root('packages/testing/environment.cjs'),
  setupFiles: [root('packages/testing/property-seed.js')],
  testEnvironmentOptions: { customExportConditions: ['@toco/source', 'node', 'node-addons'] },
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
};

const folders = ['packages', 'examples'].flatMap((parent) =>
  readdirSync(root(parent)).map((name) => `${parent}/${name}`),
);

/** Every folder with tests is a project of its name; its `pnpm test` selects it. */
export default {
  // bounds a hang, not the speed: machines that run tests may be busy
  testTimeout: 300_000,
  projects: [...folders, 'benchmarks']
    .filter((folder) => existsSync(root(`${folder}/test`)))
    .map((folder) => ({
      ...shared,
      displayName: basename(folder),
      rootDir: root(folder),
      roots: ['src', 'test'].map((name) => root(`${folder}/${name}`)).filter((path) => existsSync(path)),
    })),
};
