import { expect, test } from '@jest/globals';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import ts from 'typescript';
import type { Tarball } from './pack.js';
import { instructionsOf } from './readme.js';
import { run, succeed } from './run.js';
import { packageOf, published, root, withDependencies } from './workspace.js';

const names = published.map(({ name }) => name);
// The package that brings all others: in its project the examples of all are checked against the published types.
const whole = '@toco/cli';

/** Follows each README in an empty project outside of the workspace: installs what it says, runs what it shows. */
export function testExamples(tarball: (name: string) => Tarball, projectOf: (name: string) => string): void {
  /** What stands after `npm install`, each of our own names replaced by its tarball and those that it depends on. */
  const withTarballs = (install: readonly string[]): string[] => {
    const ours = install
      .filter((name) => names.includes(name))
      .flatMap((name) => [...withDependencies(name)]);
    const others = install.filter((name) => !names.includes(name));
    return [...[...new Set(ours)].map((name) => tarball(name).file), ...others];
  };

  test.each(published)('$name shows examples of what it has installed', ({ name, folder }) => {
    const { install, examples } = instructionsOf(folder);
    expect(install).toContain(name);
    expect(examples.length).toBeGreaterThan(0);
    const known = install.map((one) => one.replace(/(?<=.)@[^/]*$/, ''));
    for (const example of examples) {
      const imports = ts
        .preProcessFile(example, true, true)
        .importedFiles.map(({ fileName }) => packageOf(fileName));
      expect(imports.filter((one) => one !== undefined && !known.includes(one))).toEqual([]);
    }
  });

  test.each(published)(
    '$name runs its examples',
    async ({ name, folder }) => {
      const { install, commands, examples } = instructionsOf(folder);
      const project = projectOf(name);
      await mkdir(project, { recursive: true });
      await writeFile(join(project, 'package.json'), JSON.stringify({ name: 'empty', type: 'module' }));
      const options = ['--prefer-offline', '--ignore-scripts=false', '--no-audit', '--no-fund'];
      await succeed(project, 'npm', 'install', ...options, ...withTarballs(install));
      for (const command of commands) await succeed(project, 'sh', '-c', command);
      for (const [index, example] of examples.entries()) {
        const program = `example-${index.toString()}.js`;
        await writeFile(join(project, program), example);
        const printed = await succeed(project, process.execPath, program);
        expect(printed).toMatch(/\S/);
        expect(printed).not.toMatch(/NaN|undefined/);
      }
    },
    900_000,
  );

  test('the examples fit the published types', async () => {
    const project = projectOf(whole);
    for (const { name, folder } of published) {
      for (const [index, example] of instructionsOf(folder).examples.entries())
        await writeFile(join(project, `${name.replace('@toco/', '')}-${index.toString()}.ts`), example);
    }
    const compilerOptions = {
      ...{ target: 'es2023', module: 'nodenext', skipLibCheck: true, noEmit: true },
      ...{ types: ['node'], typeRoots: [join(root, 'node_modules/@types')] },
      // The examples are JavaScript as well, which has no place for the types of parameters.
      ...{ strict: true, noImplicitAny: false },
    };
    await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    expect((await run(project, process.execPath, tsc)).output).toBe('');
  }, 900_000);

  // In the project of the package that brings all others, which its own examples have installed.
  test('the program of docs/another-method.md runs on what is published', async () => {
    const text = await readFile(join(root, 'docs/another-method.md'), 'utf8');
    const files = [...text.matchAll(/^```js\n\/\/ (\w+\.js)\n([\s\S]*?)^```/gm)];
    expect(files.map(([, file]) => file)).toEqual(['network.js', 'arrays.js', 'train.js']);
    const project = projectOf(whole);
    for (const [, file, program] of files) await writeFile(join(project, file!), program!);
    const printed = await succeed(project, process.execPath, 'train.js');
    expect(printed).toMatch(/^4 [\d.]+ [\d.]+$/m);
    expect(printed).toMatch(/segmentation mIoU [\d.]+ %/);
  }, 900_000);

  test.each([
    ['dual-student', /^10 iterations; discrepancy -?\d+\.\d+; /m],
    ['frozen-backbone', /^10 iterations; CAM [\d.]+ %, segmentation [\d.]+ %; /m],
  ])(
    'examples/%s runs on what is published',
    async (example, ending) => {
      const project = projectOf(whole);
      await cp(join(root, 'examples', example, 'dist'), join(project, example), { recursive: true });
      const printed = await succeed(project, process.execPath, `${example}/main.js`, '--short');
      expect(printed).toMatch(ending);
    },
    900_000,
  );
}
