import js from '@eslint/js';
import jest from 'eslint-plugin-jest';
import tseslint from 'typescript-eslint';

const message = 'A step must be pure and traceable: no read-back, no unseeded randomness.';

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
