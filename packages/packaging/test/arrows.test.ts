import { expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import ts from 'typescript';
import { packageOf, published, root } from './workspace.js';

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

/** Every import, dynamic ones and `require` included, of a package's sources, with the file. */
function importsOf(folder: string): { file: string; specifier: string }[] {
  const files = readdirSync(join(folder, 'src'), { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => {
      const { importedFiles } = ts.preProcessFile(
        readFileSync(join(folder, 'src', file), 'utf8'),
        true,
        true,
      );
      return importedFiles.map(({ fileName }) => ({ file, specifier: fileName }));
    });
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

test.each(published)('$name depends on those alone that its arrows name', ({ name, folder, manifest }) => {
  const allowed = arrows.get(name) ?? [];
  const ours = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }).filter((dependency) =>
    names.includes(dependency),
  );
  expect(ours.filter((dependency) => !allowed.includes(dependency))).toEqual([]);
  // ... and every arrow is used, so that the drawing says what is so.
  if (name !== '@toco/cli') expect(ours.sort()).toEqual([...allowed].sort());
  const outside = importsOf(folder).filter(({ specifier }) => /^\..*\/(src|dist|packages)\//.test(specifier));
  expect(outside).toEqual([]);
});

test.each(['@toco/files', '@toco/formats', '@toco/datasets', '@toco/crf'])(
  '%s does without TensorFlow',
  (name) => {
    const folder = published.find((one) => one.name === name)?.folder ?? '';
    const users = importsOf(folder).filter(({ specifier }) => specifier.startsWith('@tensorflow/'));
    expect(users).toEqual([]);
  },
);
