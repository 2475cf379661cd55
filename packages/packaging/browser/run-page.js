// Shows page.js to a headless Chromium and prints, as JSON, what it answers; exits with 3 where no browser starts. CHROME_PATH
// names another browser than the one that npm brings. Serves nobody but this machine.
import { launchBrowser } from '@toco/testing/browser';
import { createReadStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { bundle, limits } from '../bundles/bundle.js';

const wasm = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm'));
const types = { html: 'text/html', js: 'text/javascript', wasm: 'application/wasm' };

const noBrowser = 3;
const folder = mkdtempSync(join(tmpdir(), 'toco-browser-'));
const server = createServer(await site());
await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
try {
  const browser = await launchBrowser(folder).catch((error) => {
    console.error(error);
    process.exitCode = noBrowser;
  });
  if (browser) await show(browser);
} finally {
  server.close();
  rmSync(folder, { recursive: true, force: true });
}

/** Prints what the page answers. */
async function show(browser) {
  try {
    const page = await browser.newPage();
    page.on('pageerror', (error) => console.error(error));
    await page.goto(`http://localhost:${server.address().port}/`);
    const answer = await page.evaluate(async () => ({
      exported: globalThis.exported,
      ...(await globalThis.answer),
    }));
    console.log(JSON.stringify(answer));
  } finally {
    await browser.close();
  }
}

/** The page, its script with every entry that is meant for browsers, and the binaries of the wasm backend. */
async function site() {
  const entries = Object.keys(limits);
  const loaded = entries.map((entry, index) => `import * as entry${index} from '${entry}';`).join('');
  const listed = entries.map((entry, index) => `'${entry}': Object.keys(entry${index}).length`).join();
  const source = readFileSync(new URL('page.js', import.meta.url), 'utf8');
  const script = await bundle(`${source}${loaded}globalThis.exported = {${listed}};`);
  const page = '<!doctype html><title>toco</title><script type="module" src="/page.js"></script>';
  return (request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    const name = pathname === '/' ? 'index.html' : basename(pathname);
    const type = types[name.split('.').at(-1)];
    if (type === undefined) return void response.writeHead(404).end();
    response.setHeader('content-type', type);
    if (name === 'index.html') return void response.end(page);
    if (name === 'page.js') return void response.end(script);
    createReadStream(join(wasm, name))
      .on('error', () => response.writeHead(404).end())
      .pipe(response);
  };
}
