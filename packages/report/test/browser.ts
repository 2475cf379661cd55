import { pathToFileURL } from 'node:url';
import type { Browser } from 'puppeteer-core';

/** Opens a page without a window; gives its document after the scripts ran, its language, and what was said on the console. */
export async function openPage(
  browser: Browser,
  path: string,
  { language }: { readonly language?: string | undefined } = {},
): Promise<{ document: string; language: unknown; messages: string[] }> {
  const page = await browser.newPage();
  try {
    await page.setViewport({ width: 1280, height: 900 });
    const messages: string[] = [];
    page.on('console', (message) => messages.push(message.text()));
    page.on('pageerror', (error) => messages.push(String(error)));
    if (language !== undefined) {
      const property = `{ get: () => ${JSON.stringify(language)}, configurable: true }`;
      await page.evaluateOnNewDocument(`Object.defineProperty(Navigator.prototype, 'language', ${property})`);
    }
    await page.goto(pathToFileURL(path).href);
    return {
      document: await page.content(),
      language: await page.evaluate('navigator.language'),
      messages,
    };
  } finally {
    await page.close();
  }
}
