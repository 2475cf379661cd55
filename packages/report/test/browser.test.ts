import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launchBrowser } from '@toco/testing/browser';
import { escapeText } from '../src/markup.js';
import { writeReport } from '../src/write-report.js';
import { openPage } from './browser.js';
import { sampleReport } from './sample-report.js';

const folder = await mkdtemp(join(tmpdir(), 'toco-report-'));
// A computer on which the browser does not start skips these tests; where everything has to be tried, that is a failure.
const browser = await launchBrowser(folder).catch((error: unknown) => {
  if (process.env['CI'] === 'true') throw error;
  console.log(`SKIPPED: no browser starts here: ${String(error)}`);
  return undefined;
});

/** Looks at the finished page from inside and leaves what it saw in attributes of the document. */
const inspector = `<script>addEventListener('load', () => {
  const painted = (canvas) => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const colors = new Set();
    for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 200) colors.add(data.slice(i, i + 3).join());
    return colors.size;
  };
  const seen = document.documentElement.dataset;
  seen.painted = [...document.querySelectorAll('figure.chart canvas')].map(painted).join();
  seen.images = [...document.images].filter((image) => image.complete && image.naturalWidth > 0).length;
  seen.overflow = document.documentElement.scrollWidth - innerWidth;
  const legend = document.querySelector('#training .u-series:nth-child(2)');
  legend.querySelector('th').click();
  seen.toggled = legend.classList.contains('u-off');
});</script>`;

/** Looks into a frame in which scripts are switched off. */
const outside = `<output></output><script>addEventListener('load', () => {
  const { contentDocument: page } = document.querySelector('iframe');
  const all = (selector) => [...page.querySelectorAll(selector)];
  for (const details of all('details')) details.open = true;
  const visible = (element) => element.getClientRects().length > 0;
  document.querySelector('output').textContent = JSON.stringify({
    drawn: all('canvas').length,
    notices: all('.plot noscript p').filter(visible).length,
    rows: all('table.numbers tbody tr').filter(visible).length,
    images: all('img').filter((image) => image.naturalWidth > 0).length,
    headline: page.body.innerText.includes('67.4% mIoU'),
  });
});</script>`;

const drawn = ['2', '2', '6', '3', '1', '3', '2', '2'];

/** How many lines each chart has; none where it was not drawn. */
function linesOfCharts(document: string): string[] {
  return [...document.matchAll(/<figure class="chart" data-drawn="(\d)"/g)].map(([, lines]) => lines!);
}

describe('in a browser', () => {
  const path = join(folder, 'report.html');
  const open = browser === undefined ? test.skip : test;

  beforeAll(async () => {
    if (browser === undefined) return;
    await writeReport(path, await sampleReport(9));
  });
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  open('charts are drawn, pictures shown, lines can be hidden, nothing is wrong on the console', async () => {
    const inspected = join(folder, 'inspected.html');
    await writeFile(
      inspected,
      (await readFile(path, 'utf8')).replace('</body>', () => `${inspector}</body>`),
    );
    const { document, messages } = await openPage(browser!, inspected);
    expect(messages).toEqual([]);
    const root = /<html[^>]*>/.exec(document)![0];
    const seen = (name: string): string => new RegExp(`data-${name}="([^"]*)"`).exec(root)![1]!;
    const painted = seen('painted').split(',').map(Number);
    expect(painted).toHaveLength(8);
    for (const colors of painted) expect(colors).toBeGreaterThan(3);
    expect(Number(seen('images'))).toBe(9 * 6);
    expect(Number(seen('overflow'))).toBeLessThanOrEqual(0);
    expect(seen('toggled')).toBe('true');
    expect(linesOfCharts(document)).toEqual(drawn);
    expect(document).toContain('<h1>Token Contrast on synthetic scenes</h1>');
    expect(document).not.toMatch(/(src|href)="(?!data:)/);
  });

  open('a language that Intl refuses becomes one that it knows, any other stays', async () => {
    const page = (language: string, at = path): ReturnType<typeof openPage> =>
      openPage(browser!, at, { language });
    const posix = await page('en-US@posix');
    expect(posix).toMatchObject({ language: 'en-US', messages: [] });
    expect(linesOfCharts(posix.document)).toEqual(drawn);
    const german = await page('de-DE');
    expect(german).toMatchObject({ language: 'de-DE', messages: [] });
    expect(linesOfCharts(german.document)).toEqual(drawn);
    // ... which matters: without the script there would be no chart.
    const script = await readFile(new URL('../page/language.js', import.meta.url), 'utf8');
    const without = join(folder, 'without.html');
    const text = await readFile(path, 'utf8');
    expect(text).toContain(script);
    await writeFile(
      without,
      text.replace(script, () => ''),
    );
    const broken = await page('en-US@posix', without);
    expect(broken.messages.join()).toContain('RangeError');
    expect(linesOfCharts(broken.document)).toEqual([]);
  });

  open('without JavaScript tables and pictures are there, and the page says what is missing', async () => {
    const wrapper = join(folder, 'wrapper.html');
    const page = escapeText(await readFile(path, 'utf8'));
    await writeFile(
      wrapper,
      `<!doctype html><iframe sandbox="allow-same-origin" srcdoc="${page}"></iframe>${outside}`,
    );
    const { document } = await openPage(browser!, wrapper);
    const seen = JSON.parse(/<output>(.*)<\/output>/.exec(document)![1]!) as Record<string, unknown>;
    // 12 blocks, 6 validations in two charts, every 11th of the 120 rows in four, 11 of the thresholds
    const rows = 12 + 2 * 6 + 4 * 11 + 11;
    expect(seen).toEqual({ drawn: 0, notices: 8, rows, images: 9 * 6, headline: true });
  });
});
