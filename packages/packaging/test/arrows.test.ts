import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { knotsOfFolders } from './folders.js';
import { importsIn, importsOf } from './imports.js';
import { anyBackend, packageOf, published, root } from './workspace.js';

const names = published.map(({ name }) => name);

/** The arrows that CONTRIBUTING.md draws: package → packages of ours that it may import. */
const arrows = readArrows(readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8'));

function readArrows(text: string): Map<string, string[]> {
  const [, house = ''] = /## The house[\s\S]*?```\n([\s\S]*?)```/.exec(text) ?? [];
  const lines = house.split('\n').map((line) => /^.{24}([a-z]+)(?:\s+→ ([a-z ,]+?))?\s*(?:\(|$)/.exec(line));
  const found = lines.filter((line) => line !== null).map(([, name = '', to = '']) => ({ name, to }));
  return new Map(
    found.map(({ name, to }, row) => {
      const below = found.slice(row + 1).map((other) => other.name);
      const targets = to === 'everything below' ? below : to.split(', ').filter((target) => target !== '');
      return [`@toco/${name}`, targets.map((target) => `@toco/${target}`)];
    }),
  );
}

test('CONTRIBUTING.md places every package', () => {
  expect([...arrows.keys()].sort()).toEqual([...names].sort());
});

test.each(published)('$name imports nothing that it does not list', ({ folder, manifest }) => {
  const listed = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
  const unlisted = importsOf(folder).filter(({ specifier }) => {
    const imported = packageOf(specifier);
    return imported !== undefined && !builtinModules.includes(imported) && !listed.includes(imported);
  });
  expect(unlisted).toEqual([]);
});

test.each(published)('$name imports those of ours alone that its arrows name', ({ name, folder }) => {
  const allowed = arrows.get(name) ?? [];
  const ours = importsOf(folder).filter(({ specifier }) => names.includes(packageOf(specifier) ?? ''));
  expect(ours.filter(({ specifier }) => !allowed.includes(packageOf(specifier)!))).toEqual([]);
  // ... and every arrow is used, so that the drawing says what is so.
  const imported = new Set(ours.map(({ specifier }) => packageOf(specifier)));
  if (name !== '@toco/cli') expect([...imported].sort()).toEqual([...allowed].sort());
  const outside = importsOf(folder).filter(({ specifier }) => /^\..*\/(src|dist|packages)\//.test(specifier));
  expect(outside).toEqual([]);
});

test.each(published)('no folders of $name import one another in a circle', ({ folder }) => {
  expect(knotsOfFolders(importsOf(folder))).toEqual([]);
});

test('imports of types count, and circles of folders are found', () => {
  const files = {
    'a/one.ts': "import type { Two } from '../b/two.js'; import { x } from './other.js';",
    'b/two.ts': "export type { Three } from '../c/d/three.js';",
    'c/d/three.ts': "const one: import('../../a/one.js').One = await import('../../e/five.js');",
    'e/five.ts': 'export const five = 5;',
    'index.ts': "export * from './a/one.js';",
    'f/six.ts': "import { one } from '../index.js';",
  };
  const imports = Object.entries(files).flatMap(([file, text]) => importsIn(file, text));
  expect(knotsOfFolders(imports)).toEqual([
    ['a', 'b', 'c/d'],
    ['f', 'index.ts'],
  ]);
});

// tfjs-core alone has no chained operations, so that the compiler refuses x.add(y); all of TensorFlow.js brings their types.
test.each(published.filter(({ name }) => name !== '@toco/runtime'))(
  '$name sees no chained operations',
  ({ folder }) => {
    const chained = importsOf(folder).filter(
      ({ specifier }) => packageOf(specifier) === '@tensorflow/tfjs' || specifier.includes('chained_ops'),
    );
    expect(chained).toEqual([]);
  },
);

test.each(anyBackend)('%s imports nothing of Node, nor any package above its floor', (name) => {
  const folder = published.find((one) => one.name === name)?.folder ?? '';
  const above = importsOf(folder).filter(({ specifier }) => {
    const imported = packageOf(specifier) ?? specifier;
    const ofOurs = names.includes(imported) && !anyBackend.includes(imported);
    return ofOurs || imported.startsWith('node:') || builtinModules.includes(imported);
  });
  expect(above).toEqual([]);
});

test.each(['@toco/files', '@toco/formats', '@toco/datasets', '@toco/crf'])(
  '%s does without TensorFlow',
  (name) => {
    const folder = published.find((one) => one.name === name)?.folder ?? '';
    const users = importsOf(folder).filter(({ specifier }) => specifier.startsWith('@tensorflow/'));
    expect(users).toEqual([]);
  },
);
