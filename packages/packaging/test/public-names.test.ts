import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { published } from './workspace.js';

/** Entry points of all packages, e.g. `@toco/crf/tensor`, with their sources. */
const entries = published.flatMap(({ name, folder, manifest }) =>
  Object.entries(manifest.exports ?? {}).flatMap(([path, target]) => {
    const source = typeof target === 'string' ? undefined : target['@toco/source'];
    return source === undefined ? [] : [[name + path.slice(1), join(folder, source)] as const];
  }),
);

/** Names that an index exports; types are marked. An `export *` has no list of names and is refused. */
function exportedNames(file: string): string[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ESNext);
  return source.statements
    .flatMap((statement) => {
      if (!ts.isExportDeclaration(statement)) return [];
      if (statement.exportClause === undefined || !ts.isNamedExports(statement.exportClause))
        throw new Error(`${file}: every export must be named`);
      return statement.exportClause.elements.map(({ name, isTypeOnly }) =>
        isTypeOnly || statement.isTypeOnly ? `type ${name.text}` : name.text,
      );
    })
    .sort();
}

// A change here is a change for users: accept it with `-u`, and say it in a changeset.
test.each(entries)('%s exports what is written down', (_name, file) => {
  const names = exportedNames(file);
  expect(names.length).toBeGreaterThan(0);
  expect(names).toMatchSnapshot();
});
