import { join } from 'node:path';
import { encodeDrawing } from '@toco/datasets';
import { makeFolder, writeWhole } from '@toco/files';
import { html } from '../markup.js';
import { pageFrame } from '../page-frame.js';
import { pageFiles, type PageFiles } from '../page-files.js';
import { confusionDrawing } from './confusion-drawing.js';
import { figureSections } from './figure-sections.js';
import { pictureSheet } from './sheet.js';
import { similarityDrawing } from './similarity-drawing.js';
import type { ShownFigures } from './shown-figures.js';

/**
 * Writes figures into a folder: `figures.html` with all of them, and each as a drawing (SVG) and as a picture (PNG) for a paper,
 * with the numbers of charts as CSV.
 *
 * @returns paths of what was written, the page first
 */
export async function writeFigures(folder: string, shown: ShownFigures): Promise<string[]> {
  await makeFolder(folder);
  const page = join(folder, 'figures.html');
  const written: string[] = [page];
  const write = async (name: string, content: string | Uint8Array): Promise<void> => {
    const path = join(folder, name);
    await writeWhole(path, [typeof content === 'string' ? new TextEncoder().encode(content) : content]);
    if (path !== page) written.push(path);
  };
  const draw = async (name: string, svg: string): Promise<void> => {
    await write(`${name}.svg`, svg);
    await write(`${name}.png`, await encodeDrawing(svg));
  };
  const { pictures, similarity, confusion, classes } = shown;
  for (const { name, rows } of pictures) await draw(name, pictureSheet(rows));
  if (similarity) {
    await draw('similarity', similarityDrawing(similarity.lines));
    const { lines } = similarity;
    const blocks = Array.from(
      { length: Math.max(...lines.map(({ values }) => values.length)) },
      (_, block) => `block ${block + 1}`,
    );
    const rows = lines.map(({ run, values }) => `${quoted(run)},${values.join()}\n`);
    await write('similarity.csv', `run,${blocks.join()}\n${rows.join('')}`);
  }
  if (confusion) {
    await draw('confusion', confusionDrawing(confusion, classes));
    const names = ['background', ...classes].map(quoted);
    const rows = names.map((name, row) => {
      const cells = names.map((_, column) => confusion.counts[row * confusion.numClasses + column]!);
      return `${name},${cells.join()}\n`;
    });
    await write('confusion.csv', `truth \\ prediction,${names.join()}\n${rows.join('')}`);
  }
  await write('figures.html', figuresPage(shown, await pageFiles(['patches.js'])));
  return written;
}

function figuresPage(shown: ShownFigures, files: PageFiles): string {
  return pageFrame(
    {
      title: shown.title,
      content: html`<header>
          <h1>${shown.title}</h1>
          <p class="lead">${shown.description}</p>
        </header>
        ${figureSections(shown)}
        <section id="again">
          <h2>Again</h2>
          <p>On ${shown.machine}:</p>
          <pre>${shown.command}</pre>
        </section>`,
    },
    files,
  );
}

/** A field of CSV. */
function quoted(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
