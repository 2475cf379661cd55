// Has the page segment a drawn scene on WebGPU, which SwiftShader computes on the processor, and on WebAssembly. Prints as JSON how far
// the answers are apart; exits with 3 where no browser starts, or none that has an adapter for WebGPU.
import { similarityMap } from '@toco/segmenter';
import { launchBrowser } from '@toco/testing/browser';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { servePages } from './pages-server.js';

const notHere = 3;
const patience = { timeout: 400_000 };
const folder = mkdtempSync(join(tmpdir(), 'toco-webgpu-'));
const screenshots = process.env['TOCO_SCREENSHOTS'];
if (screenshots) mkdirSync(screenshots, { recursive: true });
const server = await servePages();
try {
  const browser = await launchBrowser(folder, { webGpu: true }).catch((error) => {
    console.error(error);
    process.exitCode = notHere;
  });
  if (browser) await compare(browser).finally(() => browser.close());
} finally {
  server.kill();
  rmSync(folder, { recursive: true, force: true });
}

async function compare(browser) {
  const errors = [];
  const adapter = await adapterOf(browser);
  if (adapter === undefined) {
    console.error('This browser has no adapter for WebGPU.');
    process.exitCode = notHere;
    return;
  }
  const [wasm, webgpu] = [await found('wasm'), await found('webgpu')];
  console.log(
    JSON.stringify({
      ...{ adapter, errors, backends: [wasm.backend, webgpu.backend], legends: [wasm.legend, webgpu.legend] },
      pixels: wasm.labels.length,
      differentLabels: wasm.labels.filter((label, i) => label !== webgpu.labels[i]).length,
      classes: [wasm.classes, webgpu.classes],
      apart: {
        cam: apart(wasm.cam.data, webgpu.cam.data),
        scores: apart(wasm.scores, webgpu.scores),
        similarity: apart(ofMiddle(wasm.tokens), ofMiddle(webgpu.tokens)),
      },
    }),
  );

  /** What the worker answers to the page's first scene, and what the page shows then. */
  async function found(backend) {
    const page = await browser.newPage();
    page.setDefaultTimeout(patience.timeout);
    await page.setViewport({ width: 1100, height: 900 });
    page.on('pageerror', (error) => errors.push(String(error)));
    await page.evaluateOnNewDocument(keepAnswers);
    await page.goto(`${server.address}?backend=${backend}`);
    await page.waitForFunction(() => Number(document.body.dataset.found) >= 1, patience);
    if (screenshots) await page.screenshot({ path: join(screenshots, `${backend}.png`), fullPage: true });
    const answer = await page.evaluate(() => {
      const { labels, classes, cam, scores, tokens } = globalThis.answers.find(
        ({ kind }) => kind === 'found',
      );
      const plain = (map) => ({ ...map, data: [...map.data] });
      return {
        ...{ backend: document.body.dataset.backend, labels: [...labels], classes, scores: [...scores] },
        ...{ cam: plain(cam), tokens: plain(tokens) },
        legend: [...document.querySelectorAll('#legend li')].map((item) => item.textContent),
      };
    });
    await page.close();
    return answer;
  }
}

/** Runs in the page before its own code: every message of a worker is kept. */
function keepAnswers() {
  globalThis.answers = [];
  const { Worker } = globalThis;
  globalThis.Worker = class extends Worker {
    constructor(...args) {
      super(...args);
      this.addEventListener('message', ({ data }) => globalThis.answers.push(data));
    }
  };
}

/** Who made the adapter that pages get, undefined where they get none. */
async function adapterOf(browser) {
  const page = await browser.newPage();
  await page.goto(`${server.address}style.css`);
  const architecture = await page.evaluate(
    async () => (await navigator.gpu?.requestAdapter())?.info.architecture,
  );
  await page.close();
  return architecture;
}

/** How alike all patches are to that in the middle. */
function ofMiddle({ data, ...map }) {
  const middle = { y: 0.5, x: 0.5, size: { width: 1, height: 1 } };
  return similarityMap({ ...map, data: Float32Array.from(data) }, middle).data;
}

function apart(expected, actual) {
  if (expected.length !== actual.length) throw new Error(`${expected.length} and ${actual.length} values`);
  return expected.reduce((largest, value, i) => Math.max(largest, Math.abs(value - actual[i])), 0);
}
