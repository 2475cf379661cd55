import sparticuz from '@sparticuz/chromium';
import { join } from 'node:path';
import { launch, type Browser } from 'puppeteer-core';

/**
 * Starts the headless Chromium that npm brings, or that of `CHROME_PATH`. It is unpacked into `folder`, where its profile lies too:
 * in the common temporary folder anybody may have left another one. Remove `folder` after closing the browser.
 *
 * @throws where no browser starts on this machine
 */
export async function launchBrowser(folder: string): Promise<Browser> {
  const { TMPDIR } = process.env;
  process.env['TMPDIR'] = folder;
  try {
    return await launch({
      executablePath: process.env['CHROME_PATH'] ?? (await sparticuz.executablePath()),
      userDataDir: join(folder, 'profile'),
      headless: 'shell',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
  } finally {
    if (TMPDIR === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = TMPDIR;
  }
}
