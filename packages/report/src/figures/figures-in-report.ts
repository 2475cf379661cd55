import { readFile } from 'node:fs/promises';
import { UserError, writeWhole } from '@toco/files';
import { html, trusted } from '../markup.js';
import { pageScript } from '../page-files.js';
import { figureMarks } from '../place-of-figures.js';
import { figureSections } from './figure-sections.js';
import type { ShownFigures } from './shown-figures.js';

const [begins, ends] = figureMarks;

/**
 * Puts figures into a report as sections of its own; those that are there already make room.
 *
 * @throws one line where the file can't be read, or has no place for them
 */
export async function addFigures(report: string, shown: ShownFigures): Promise<void> {
  const { before, after } = await aroundFigures(report);
  const sections = html`<section id="figures">
      <h2>Figures</h2>
      <p>${shown.description}</p>
      <pre class="command"><code>${shown.command}</code></pre>
    </section>
    ${figureSections(shown)}
    ${
      shown.patches.length > 0
        ? html`<script>
            ${trusted(await pageScript('patches.js'))};
          </script>`
        : undefined
    }`;
  const page = `${before}${begins}${sections.markup}${ends}${after}`;
  await writeWhole(report, [new TextEncoder().encode(page)]);
}

/** Tells before any work whether {@link addFigures} would find a report. @throws one line where it would not */
export async function assertTakesFigures(report: string): Promise<void> {
  await aroundFigures(report);
}

/** What stands around the figures of a report. */
async function aroundFigures(report: string): Promise<{ before: string; after: string }> {
  const page = await readFile(report, 'utf8').catch((error: unknown) => {
    throw new UserError(`${report}: can't be read (${(error as Error).message}); name a report.`, {
      cause: error,
    });
  });
  const [from, to] = [page.indexOf(begins), page.lastIndexOf(ends)];
  if (from < 0 || to < from)
    throw new UserError(
      `${report}: has no place for figures; it is not a report, or an older one: write it again with toco evaluate RUN --report ${report}.`,
    );
  return { before: page.slice(0, from), after: page.slice(to + ends.length) };
}
