import { describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { anyBackend, root } from './workspace.js';

/** What ESLint says of texts as files of the repository: a line of rule and message for each complaint. */
function lint(texts: readonly { readonly file: string; readonly text: string }[]): string[][] {
  const script = fileURLToPath(new URL('../lint/lint-texts.js', import.meta.url));
  const { stdout, stderr, status } = spawnSync(process.execPath, [script], {
    input: JSON.stringify(texts),
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  const found = JSON.parse(stdout) as { rule: string; message: string }[][];
  return found.map((complaints) => complaints.map(({ rule, message }) => `${rule}: ${message}`));
}

const node = /^no-restricted-imports: .*must load in a browser/;
const nodeGlobal = /^no-restricted-globals: .*must load in a browser/;
const impure = /^no-restricted-properties: .*A step must be pure/;
const cast = /^no-restricted-syntax: No cast of a cast/;
const option = /^no-restricted-syntax: An option that may be missing may be undefined/;
const state = /^no-restricted-syntax: No mutable module state/;
const parameters = /^no-restricted-syntax: At most three parameters/;
const error = /^no-restricted-syntax: What the user can mend is a UserError/;

const importsNode = "import { sep } from 'node:path';\nexport const slash: string = sep;\n";
const throws = "export const fail = (): never => {\n  throw new Error('no such file');\n};\n";
const castTwice = 'export const text = 1 as unknown as string;\n';
const four =
  'export function f(a: number, b: number, c: number, d: number): number {\n  return a + b + c + d;\n}\n';
const counts = 'let count = 0;\nexport const next = (): number => ++count;\n';

/** Texts that break a rule each, and the complaint. */
const violations: readonly (readonly [what: string, file: string, text: string, complaint: RegExp])[] = [
  ...anyBackend
    .map((name) => `packages/${name.replace('@toco/', '')}/src/made-up.ts`)
    .concat(
      'packages/datasets/src/views/made-up.ts',
      'packages/datasets/src/synthetic/made-up.ts',
      'packages/datasets/src/transforms/made-up.ts',
      'packages/datasets/src/random/made-up.ts',
      'packages/formats/src/safetensors/made-up.ts',
      'packages/files/src/user-error/made-up.ts',
    )
    .map((file) => ['a module of Node', file, importsNode, node] as const),
  [
    'a type of Node',
    'packages/core/src/made-up.ts',
    "import type { Stats } from 'node:fs';\nexport type Mine = Stats;\n",
    node,
  ],
  [
    'a module of Node without its prefix',
    'packages/crf/src/made-up.ts',
    "export { sep } from 'path';\n",
    node,
  ],
  [
    'a global of Node',
    'packages/method/src/made-up.ts',
    'export const id = (): number => process.pid;\n',
    nodeGlobal,
  ],
  ...['x.dataSync()', 'x.arraySync()', 'Math.random()', 'tf.randomNormal([2])', 'tf.randomUniform([2])'].map(
    (call) =>
      [
        call,
        'packages/losses/src/made-up.ts',
        `import * as tf from '@tensorflow/tfjs-core';\nexport const f = (x: tf.Tensor): unknown => [tf, x, ${call}];\n`,
        impure,
      ] as const,
  ),
  [
    'tf.stridedSlice',
    'packages/cam/src/made-up.ts',
    "import * as tf from '@tensorflow/tfjs-core';\nexport const f = (x: tf.Tensor): tf.Tensor => tf.stridedSlice(x, [0], [4], [2]);\n",
    /^no-restricted-properties: .*everyNth/,
  ],
  ...['packages/trainer/src', 'packages/core/src', 'benchmarks/src', 'examples/synthetic/src'].map(
    (folder) => ['a cast of a cast', `${folder}/made-up.ts`, castTwice, cast] as const,
  ),
  [
    'an option that may not be undefined',
    'packages/graph/src/made-up.ts',
    'export interface MadeUpOptions {\n  readonly size?: number;\n}\n',
    option,
  ],
  [
    'an option of several types that may not be undefined',
    'packages/cli/src/made-up.ts',
    "export interface MadeUpOptions {\n  readonly size?: number | 'auto';\n}\n",
    option,
  ],
  ['a counter of the module', 'packages/graph/src/made-up.ts', counts, state],
  ['the same in a command', 'packages/cli/src/made-up.ts', counts, state],
  ['an exported variable', 'packages/network/src/made-up.ts', 'export let current = 0;\ncurrent++;\n', state],
  ...['new Map<string, number>()', 'new WeakMap<object, number>()', 'new Set<number>()'].map(
    (made) => [made, 'packages/runtime/src/made-up.ts', `export const seen = ${made};\n`, state] as const,
  ),
  ...['const seen = new Map<string, number>()', 'export const seen: Record<string, number> = {}'].map(
    (made) =>
      [
        made,
        'packages/graph/src/made-up.ts',
        `${made};\nexport const size = (): unknown => seen;\n`,
        state,
      ] as const,
  ),
  ['an array to fill', 'packages/par/src/made-up.ts', 'export const seen: number[] = [];\n', state],
  ['four parameters', 'packages/par/src/made-up.ts', four, parameters],
  [
    'four parameters of an arrow',
    'packages/weights/src/made-up.ts',
    'export const f = (a: number, b: number, c: number, d: number): number => a + b + c + d;\n',
    parameters,
  ],
  ...['cli', 'datasets', 'files', 'report', 'trainer', 'weights'].map(
    (name) => ['an error with a stack', `packages/${name}/src/made-up.ts`, throws, error] as const,
  ),
];

/** What is allowed where it stands: a rule that complained of everything would pass the test above, too. */
const allowed: readonly (readonly [what: string, file: string, text: string])[] = [
  ['Node on a floor of Node', 'packages/graph/src/made-up.ts', importsNode],
  ['an error of a package that no user meets', 'packages/core/src/made-up.ts', throws],
  ['the one compiler of a step', 'packages/core/src/step-compiler.ts', counts],
  ['parameters of a plain array', 'packages/formats/src/strided.ts', four],
  [
    'three parameters, an option that may be undefined, one cast, a constant map',
    'packages/core/src/made-up.ts',
    [
      'export interface MadeUpOptions {\n  readonly size?: number | undefined;\n}',
      'export const f = (a: number, b: number, c: MadeUpOptions): unknown => [a, b, c] as unknown;',
      "export const names = new Map([['a', 1]]);\n",
    ].join('\n'),
  ],
];

describe('lint', () => {
  const found = lint([...violations, ...allowed].map(([, file, text]) => ({ file, text })));

  test.each(violations.map((violation, i) => [...violation, found[i]] as const))(
    '%s is refused in %s',
    (_what, _file, _text, complaint, complaints) => {
      expect(complaints).toEqual([expect.stringMatching(complaint)]);
    },
  );

  test.each(allowed.map(([what, file], i) => [what, file, found[violations.length + i]] as const))(
    '%s is allowed in %s',
    (_what, _file, complaints) => {
      expect(complaints).toEqual([]);
    },
  );
});

describe('the compiler', () => {
  /** What TypeScript says of a text as a source file of a package, with that package's settings. */
  function compileErrors(name: string, text: string): string[] {
    const folder = join(root, 'packages', name);
    const { config } = ts.readConfigFile(join(folder, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
      config: unknown;
    };
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, folder);
    const file = join(folder, 'src/made-up.ts');
    const host = ts.createCompilerHost(options);
    const own: ts.CompilerHost = {
      ...host,
      fileExists: (path) => path === file || host.fileExists(path),
      readFile: (path) => (path === file ? text : host.readFile(path)),
      getSourceFile: (path, version) =>
        path === file ? ts.createSourceFile(path, text, version) : host.getSourceFile(path, version),
    };
    const program = ts.createProgram([file], { ...options, composite: false, incremental: false }, own);
    return program
      .getSemanticDiagnostics(program.getSourceFile(file))
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '));
  }

  test('refuses chained operations, which tfjs-core alone does not have', () => {
    const adds = (sum: string): string =>
      `import * as tf from '@tensorflow/tfjs-core';\nexport const f = (x: tf.Tensor): tf.Tensor => ${sum};\n`;
    expect(compileErrors('losses', adds('tf.add(x, x)'))).toEqual([]);
    expect(compileErrors('losses', adds('x.add(x)'))).toEqual([
      expect.stringMatching(/Property 'add' does not exist on type 'Tensor/),
    ]);
  });

  test.each(anyBackend)('knows nothing of Node in %s', (name) => {
    const text = 'export const id: number = process.pid;\n';
    expect(compileErrors(name.replace('@toco/', ''), text)).toEqual([
      expect.stringMatching(/Cannot find name 'process'/),
    ]);
  });
});
