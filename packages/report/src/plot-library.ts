import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

/** The chart library's own script and style sheet, to be put into the page. */
export async function plotLibrary(): Promise<{ script: string; style: string }> {
  const { resolve } = createRequire(import.meta.url);
  const [script, style] = await Promise.all(
    ['uplot/dist/uPlot.iife.min.js', 'uplot/dist/uPlot.min.css'].map((file) =>
      readFile(resolve(file), 'utf8'),
    ),
  );
  return { script: script!, style: style! };
}
