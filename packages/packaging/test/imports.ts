import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** One import of a source file, dynamic ones, `require` and those of types alone included. */
export interface Import {
  /** Relative to the package's `src`. */
  readonly file: string;
  readonly specifier: string;
}

/** Every import of a package's sources. */
export function importsOf(folder: string): Import[] {
  const files = readdirSync(join(folder, 'src'), { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => importsIn(file, readFileSync(join(folder, 'src', file), 'utf8')));
}

/** Every import of one source text. */
export function importsIn(file: string, text: string): Import[] {
  const { importedFiles } = ts.preProcessFile(text, true, true);
  return importedFiles.map(({ fileName }) => ({ file, specifier: fileName }));
}
