// Shows the built pages to a headless Chromium and prints, as JSON, what they do; exits with 3 where no browser starts. Screenshots go
// to the folder that TOCO_SCREENSHOTS names.
import { launchBrowser } from '@toco/testing/browser';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { servePages } from './pages-server.js';

const noBrowser = 3;
const folder = mkdtempSync(join(tmpdir(), 'toco-pages-'));
const screenshots = process.env['TOCO_SCREENSHOTS'];
if (screenshots) mkdirSync(screenshots, { recursive: true });
const server = await servePages();
const errors = [];
const patience = { timeout: 240_000 };
try {
  const browser = await launchBrowser(folder).catch((error) => {
    console.error(error);
    process.exitCode = noBrowser;
  });
  if (browser) await showAll(browser).finally(() => browser.close());
} finally {
  server.kill();
  rmSync(folder, { recursive: true, force: true });
}

async function open(browser, path) {
  const page = await browser.newPage();
  page.setDefaultTimeout(patience.timeout);
  await page.setViewport({ width: 1100, height: 900 });
  page.on('pageerror', (error) => errors.push(String(error)));
  await page.goto(`${server.address}${path}`);
  return page;
}

async function showAll(browser) {
  const page = await open(browser, '?backend=wasm');
  const first = await whatIsSeen(page);
  await shot(page, 'scene');
  await page.click('#scene');
  const scene = await whatIsSeen(page, 2);

  await page.mouse.move(...(await middleOf(page)));
  const moved = await hashOf(page, 'similarity');

  // A photograph: a disc, as a file that is chosen.
  const photograph = await page.evaluate(() => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [300, 200];
    const context = canvas.getContext('2d');
    context.fillStyle = '#48c';
    context.fillRect(0, 0, 300, 200);
    context.fillStyle = '#c42';
    context.arc(150, 110, 60, 0, 7);
    context.fill();
    return canvas.toDataURL('image/png').split(',')[1];
  });
  await page.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const data = new DataTransfer();
    data.items.add(new File([bytes], 'disc.png', { type: 'image/png' }));
    dispatchEvent(new DragEvent('drop', { dataTransfer: data, cancelable: true }));
  }, photograph);
  const dropped = await whatIsSeen(page, 3);

  // Once all is kept, the page works without a network.
  await page.waitForFunction(() => document.body.dataset.offline === 'ready', patience);
  server.kill();
  await page.reload();
  const offline = await whatIsSeen(page);
  await page.close();

  const training = await open(browser, 'train.html');
  await training.waitForFunction(() => Number(document.body.dataset.seen) >= 10, patience);
  const terms = await training.$eval('#terms', (element) => element.textContent);
  const scenes = await training.$$eval('#scenes canvas', (canvases) => canvases.length);
  await shot(training, 'training');
  await training.close();
  console.log(JSON.stringify({ first, scene, moved, dropped, offline, terms, scenes, errors }));
}

/** What the page shows once the network has answered. */
async function whatIsSeen(page, asked = 1) {
  await page.waitForFunction((count) => Number(document.body.dataset.found) >= count, patience, asked);
  const { backend, status, cams, legend, width, height } = await page.evaluate(() => ({
    backend: document.body.dataset.backend,
    status: document.getElementById('status').textContent,
    cams: [...document.querySelectorAll('#cams figcaption')].map((caption) => caption.textContent),
    legend: [...document.querySelectorAll('#legend li')].map((item) => item.textContent),
    width: document.getElementById('segmentation').width,
    height: document.getElementById('segmentation').height,
  }));
  const similarity = await hashOf(page, 'similarity');
  return { backend, status, cams, legend, width, height, similarity };
}

async function middleOf(page) {
  const { x, y, width, height } = await (await page.$('#segmentation')).boundingBox();
  return [x + 0.2 * width, y + 0.2 * height];
}

/** A number that tells pictures of a canvas apart. */
function hashOf(page, id) {
  return page.evaluate((name) => {
    const canvas = document.getElementById(name);
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return data.reduce((hash, value) => (31 * hash + value) % 1_000_003, 7);
  }, id);
}

async function shot(page, name) {
  if (screenshots) await page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: true });
}
