import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** A Chromium on this machine: `CHROME_PATH`, or the first known name on the PATH. */
export function findBrowser(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const known = ['chromium', 'chromium-browser', 'google-chrome'];
  const candidates = [
    ...(process.env['CHROME_PATH'] ? [process.env['CHROME_PATH']] : []),
    ...known.flatMap((name) => folders.map((folder) => join(folder, name))),
  ];
  return candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Opens a page without a window; gives its document after the scripts ran, and what was said on the console. */
export async function openPage(
  browser: string,
  path: string,
): Promise<{ document: string; messages: string[] }> {
  const profile = await mkdtemp(join(tmpdir(), 'toco-browser-'));
  const options = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--disable-dev-shm-usage',
    '--enable-logging=stderr',
    `--user-data-dir=${profile}`,
    '--window-size=1280,900',
    '--dump-dom',
    pathToFileURL(path).href,
  ];
  try {
    const [document, log] = await new Promise<[string, string]>((resolve, reject) => {
      execFile(browser, options, { maxBuffer: 2 ** 28, timeout: 50_000 }, (error, stdout, stderr) => {
        if (error) reject(new Error(`${browser}: ${error.message}`));
        else resolve([stdout, stderr]);
      });
    });
    return { document, messages: log.split('\n').filter((line) => line.includes('CONSOLE')) };
  } finally {
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
