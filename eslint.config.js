import js from '@eslint/js';
import jest from 'eslint-plugin-jest';
import { builtinModules } from 'node:module';
import tseslint from 'typescript-eslint';

const message = 'A step must be pure and traceable: no read-back, no unseeded randomness.';

/** The floor "any TensorFlow.js backend": what these packages import loads in a browser. */
const anyBackend = ['core', 'backbone', 'network', 'par', 'cam', 'losses', 'method', 'segmenter', 'crf'];

/** The entries of Node's packages that load in a browser all the same, with what they import. */
const browserEntries = [
  'packages/datasets/src/{views,synthetic,transforms,random}/**/*.ts',
  'packages/formats/src/safetensors/**/*.ts',
  'packages/files/src/user-error/**/*.ts',
];

const nodeAlone = 'This file must load in a browser, where Node is missing: take it as an argument.';
const noNode = {
  patterns: [{ group: ['node:*'], message: nodeAlone }],
  paths: builtinModules.map((name) => ({ name, message: nodeAlone })),
};

export default tseslint.config(
  { ignores: ['**/dist/**', '**/.turbo/**', '**/runs/**', 'docs/.vitepress/**', '**/__fixtures__/**'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-definitions': ['error', 'interface'],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // tfjs infers the rank of a result from the type that is asked for: the rule takes every such assertion for idle
      '@typescript-eslint/no-unnecessary-type-assertion': 'off',
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true, named: true } }],
    },
  },
  {
    files: ['packages/*/src/**/*.ts'],
    ignores: ['packages/testing/**'],
    rules: {
      'no-restricted-properties': [
        'error',
        { property: 'dataSync', message },
        { property: 'arraySync', message },
        { object: 'Math', property: 'random', message },
        { object: 'tf', property: 'randomNormal', message },
        { object: 'tf', property: 'randomUniform', message },
        { object: 'tf', property: 'truncatedNormal', message },
        {
          object: 'tf',
          property: 'stridedSlice',
          message: 'On wasm it gives bit patterns for int32 and bool: see everySecond of @toco/core.',
        },
      ],
    },
  },
  {
    files: [...anyBackend.map((name) => `packages/${name}/src/**/*.ts`), ...browserEntries],
    rules: {
      'no-restricted-imports': ['error', noNode],
      'no-restricted-globals': [
        'error',
        ...['process', 'Buffer', 'global', 'require', '__dirname', '__filename', 'setImmediate'].map(
          (name) => ({
            name,
            message: nodeAlone,
          }),
        ),
      ],
    },
  },
  { files: ['**/*.test.ts'], ...jest.configs['flat/recommended'] },
  {
    files: ['**/*.test.ts'],
    rules: {
      'jest/expect-expect': 'off',
      'jest/no-standalone-expect': 'off',
      'jest/no-conditional-expect': 'off',
    },
  },
  {
    files: ['**/*.{js,cjs,mjs}'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        AbortController: 'readonly',
        performance: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        Buffer: 'readonly',
        require: 'readonly',
        module: 'writable',
      },
    },
  },
);
