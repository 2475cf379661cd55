import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** What a report is drawn with: style sheets and scripts of the chart library and of the page, in their order. */
export interface PageFiles {
  readonly styles: readonly string[];
  readonly scripts: readonly string[];
}

// Beside `src` and `dist` alike.
const own = (file: string): string => fileURLToPath(new URL(`../page/${file}`, import.meta.url));

/** The text of a script of `page`. */
export function pageScript(file: string): Promise<string> {
  return readFile(own(file), 'utf8');
}

/**
 * Reads the files that are put into every page.
 *
 * @param scripts names of those of `page` that this one has besides
 */
export async function pageFiles(scripts: readonly string[] = []): Promise<PageFiles> {
  const { resolve } = createRequire(import.meta.url);
  const read = (paths: readonly string[]): Promise<string[]> =>
    Promise.all(paths.map((path) => readFile(path, 'utf8')));
  return {
    styles: await read([resolve('uplot/dist/uPlot.min.css'), own('report.css')]),
    scripts: await read([
      own('language.js'),
      resolve('uplot/dist/uPlot.iife.min.js'),
      own('report.js'),
      ...scripts.map(own),
    ]),
  };
}
