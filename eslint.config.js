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

/** Files that may keep something in a variable of their own, and what. */
const moduleState = {
  'packages/core/src/step-compiler.ts': 'the compiler whose step is being traced, else the eager one',
  'packages/crf/src/wasm/compiled-dense-crf.ts': 'compiled code, no data',
  'packages/segmenter/src/masks/wasm/row-memory.ts': 'compiled code, no data',
  'packages/datasets/src/transforms/compiled/passes.ts': 'compiled code, no data between calls',
  'packages/graph/src/capi.ts': 'bindings of a library, which a process opens once',
  'packages/graph/src/freed-memory.ts':
    'when memory was given back last: once a second for the whole process',
  'packages/graph/src/trace.ts':
    'the trace that is under way: operations of TensorFlow.js find it no other way',
  'packages/runtime/src/file-models.ts': 'whether the one router of TensorFlow.js has ours already',
  'packages/runtime/src/init-backend.ts': 'the engine, of which a process has one',
  'packages/runtime/src/native-dense-crf.ts': 'loaded code, no data',
};

/** Files that export functions of more than three parameters, and why. */
const manyParameters = {
  'packages/backbone/src/pretrained.ts': 'whose parameters, from which arrays, and options',
  'packages/crf/src/{bilateral,filter-lattice}.ts': 'a plain array comes with its sizes',
  'packages/formats/src/strided.ts': 'a plain array comes with shape and strides',
  'packages/graph/src/{graph-function,native-tensor,profile,traced-function}.ts':
    "as TensorFlow's C library has them",
  'packages/losses/src/ctc-loss.ts': 'three tensors and options',
  'packages/runtime/src/unpack-wheel.ts': 'what, where to, and two for the line that tells of it',
};

const ofModule = ':matches(Program, Program > ExportNamedDeclaration)';
const noModuleState = [
  `${ofModule} > VariableDeclaration[kind="let"]`,
  `${ofModule} > VariableDeclaration > VariableDeclarator > NewExpression[callee.name=/^(Weak)?(Map|Set)$/][arguments.length=0]`,
  `${ofModule} > VariableDeclaration > VariableDeclarator > ArrayExpression[elements.length=0]`,
  `${ofModule} > VariableDeclaration > VariableDeclarator > ObjectExpression[properties.length=0]`,
].map((selector) => ({
  selector,
  message: 'No mutable module state: pass it, return it, or list the file with its reason.',
}));
const fewParameters = [
  'ExportNamedDeclaration > FunctionDeclaration[params.length>3]',
  'ExportNamedDeclaration > VariableDeclaration > VariableDeclarator > ArrowFunctionExpression[params.length>3]',
].map((selector) => ({ selector, message: 'At most three parameters: (params, x, options).' }));

/** What a cast by way of `unknown` hides is wrong sooner or later; where a library's types leave no other way, the line says so. */
const noDoubleCast = [
  {
    selector: 'TSAsExpression > TSAsExpression.expression',
    message: 'No cast of a cast: give the value the right type, or disable the rule here with the reason.',
  },
];

/** Callers hand options on as they have them: what is left out may be said to be `undefined`. */
const undefinedOptions = [
  ':not(TSUnionType, TSUnknownKeyword)',
  'TSUnionType:not(:has(> TSUndefinedKeyword))',
].map((type) => ({
  selector: `ExportNamedDeclaration > TSInterfaceDeclaration[id.name=/Options$/] TSPropertySignature[optional=true] > TSTypeAnnotation > ${type}`,
  message: 'An option that may be missing may be undefined, too: `name?: T | undefined`.',
}));

/** Here a plain error is a fault of ours, which a command shows with its stack; everything else is a `UserError`. */
const faults = {
  'packages/datasets/src/archive/tar-guard.ts': 'on its way to the error that names the archive',
  'packages/datasets/src/{loader/enrichment,loader/loader,threads/*}.ts':
    'what a thread runs is given by code',
  'packages/files/src/download/attempts.ts': 'on its way to the error that names the address',
  'packages/files/src/download/fetch-file.ts': 'another attempt follows',
};
const userErrors = {
  selector: 'NewExpression[callee.name="Error"]',
  message:
    'What the user can mend is a UserError of @toco/files; a fault of ours belongs on the list `faults`.',
};

const everywhere = [...noDoubleCast, ...undefinedOptions];

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      '**/.turbo/**',
      '**/runs/**',
      'docs/.vitepress/{cache,dist}/**',
      'docs/api/**',
      '**/__fixtures__/**',
    ],
  },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-definitions': ['error', 'interface'],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
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
          message: 'On wasm it gives bit patterns for int32 and bool: see everyNth of @toco/core.',
        },
      ],
    },
  },
  {
    files: ['{examples,packages}/*/src/**/*.ts', 'benchmarks/src/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', ...noDoubleCast] },
  },
  {
    files: ['packages/*/src/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', ...everywhere, ...noModuleState, ...fewParameters] },
  },
  {
    files: ['packages/{cli,datasets,files,report,trainer,weights}/src/**/*.ts'],
    ignores: Object.keys(faults),
    rules: {
      'no-restricted-syntax': ['error', ...everywhere, ...noModuleState, ...fewParameters, userErrors],
    },
  },
  {
    files: Object.keys(moduleState),
    rules: { 'no-restricted-syntax': ['error', ...everywhere, ...fewParameters] },
  },
  {
    files: Object.keys(manyParameters),
    rules: { 'no-restricted-syntax': ['error', ...everywhere, ...noModuleState] },
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
    files: ['packages/report/page/*.js'],
    languageOptions: {
      sourceType: 'script',
      globals: Object.fromEntries(
        ['atob', 'document', 'navigator', 'getComputedStyle', 'matchMedia', 'ResizeObserver', 'uPlot'].map(
          (name) => [name, 'readonly'],
        ),
      ),
    },
  },
  {
    files: ['examples/browser/test/show-pages.js', 'examples/browser/test/compare-backends.js'],
    languageOptions: {
      globals: Object.fromEntries(
        ['atob', 'dispatchEvent', 'document', 'navigator', 'DataTransfer', 'DragEvent', 'File'].map(
          (name) => [name, 'readonly'],
        ),
      ),
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
