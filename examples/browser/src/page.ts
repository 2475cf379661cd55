// Drop a photograph: segmentation, a CAM of each class, and how alike all patches are to the one under the pointer.
import { heatOverlay, labelOverlay, type Planes, resizePlanes, similarityMap } from '@toco/segmenter';
import type { Failed, Found, Pixels, Ready } from './messages.js';
import { colorOf, drawnScene, pixelsOf, show } from './pictures.js';

const longest = 640;
/** Drawn scenes as the network was trained on, of that size for their textures' sake, but drawn larger. */
const scenes = { size: 112, val: 1000, seed: 0 };

const element = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;
const [segmentation, similarity] = ['segmentation', 'similarity'].map((id) => element<HTMLCanvasElement>(id));
const [status, cams, legend] = ['status', 'cams', 'legend'].map((id) => element(id));

// The worker finds in its name which backend the page's address asks for (`?backend=wasm`): its own address is that of the file as the
// service worker keeps it, where nothing is asked for.
const worker = new Worker(new URL('worker.js', location.href), {
  type: 'module',
  name: new URLSearchParams(location.search).get('backend') ?? '',
});
let labels: readonly string[] = [];
let backend = '';
let shown: { readonly image: Pixels; found?: Found } | undefined;
let asked = 0;
let scene = 0;

worker.addEventListener('message', ({ data }: MessageEvent<Ready | Found | Failed>) => {
  if (data.kind === 'failed') {
    say(data.message);
  } else if (data.kind === 'ready') {
    ({ labels, backend } = data);
    document.body.dataset['backend'] = backend;
    say(`Ready on ${backend}.`);
  } else if (data.id === asked && shown) {
    shown.found = data;
    showFound(shown.image, data);
  }
});
worker.addEventListener('error', ({ message }) => {
  say(message);
});

function say(text: string): void {
  status!.textContent = text;
}

function segment(image: Pixels): void {
  shown = { image };
  show(segmentation!, image);
  show(similarity!, image);
  cams!.replaceChildren();
  legend!.replaceChildren();
  delete document.body.dataset['found'];
  say('Computing …');
  worker.postMessage({ id: ++asked, image });
}

function showFound(image: Pixels, { labels: data, classes, cam, scores, milliseconds }: Found): void {
  const { width, height } = image;
  show(segmentation!, labelOverlay(image, { width, height, data }, { colorOf, ignoreIndex: 255 }));
  const counts = new Map<number, number>();
  for (const label of data) counts.set(label, (counts.get(label) ?? 0) + 1);
  legend!.replaceChildren(
    ...[...counts]
      .filter(([label]) => label > 0)
      .sort(([, a], [, b]) => b - a)
      .map(([label, count]) => {
        const item = document.createElement('li');
        item.style.setProperty('--color', `rgb(${colorOf(label).join()})`);
        item.textContent = `${labels[label] ?? label} ${Math.round((100 * count) / data.length)} %`;
        return item;
      }),
  );
  cams!.replaceChildren(
    ...classes.map((label, plane) => {
      const figure = document.createElement('figure');
      const canvas = document.createElement('canvas');
      show(canvas, heatOverlay(image, planeOf(cam, plane)));
      const caption = document.createElement('figcaption');
      caption.textContent = `${labels[label + 1] ?? label}, score ${scores[label]!.toFixed(2)}`;
      figure.append(canvas, caption);
      return figure;
    }),
  );
  say(`${Math.round(milliseconds)} ms on ${backend}.`);
  document.body.dataset['found'] = String(asked);
  showSimilarity({ x: width / 2, y: height / 2 });
}

function planeOf({ width, height, channels, data }: Planes, plane: number): Planes {
  const out = new Float32Array(width * height);
  for (let i = 0; i < out.length; i++) out[i] = data[i * channels + plane]!;
  return { width, height, channels: 1, data: out };
}

/** How alike all patches are to that at a pixel: what is unlike or has nothing in common stays dark. */
function showSimilarity({ x, y }: { readonly x: number; readonly y: number }): void {
  if (!shown?.found) return;
  const { image, found } = shown;
  const map = resizePlanes(similarityMap(found.tokens, { y, x, size: image }), image);
  show(similarity!, heatOverlay(image, map));
  const context = similarity!.getContext('2d')!;
  context.strokeStyle = '#fff';
  context.lineWidth = Math.max(1, image.width / 200);
  context.beginPath();
  context.arc(x, y, image.width / 60, 0, 2 * Math.PI);
  context.stroke();
}

for (const canvas of [segmentation!, similarity!]) {
  canvas.addEventListener('pointermove', ({ offsetX, offsetY }) => {
    const [x, y] = [
      (offsetX * canvas.width) / canvas.clientWidth,
      (offsetY * canvas.height) / canvas.clientHeight,
    ];
    if (x >= 0 && y >= 0 && x < canvas.width && y < canvas.height) showSimilarity({ x, y });
  });
}

async function openFile(file: File | undefined): Promise<void> {
  if (!file) return;
  try {
    segment(pixelsOf(await createImageBitmap(file, { imageOrientation: 'from-image' }), longest));
  } catch {
    say(`${file.name}: this browser can't read it as a picture; try JPEG or PNG.`);
  }
}

const input = element<HTMLInputElement>('file');
input.addEventListener('change', () => void openFile(input.files?.[0]));
addEventListener('dragover', (event) => {
  event.preventDefault();
  document.body.classList.add('over');
});
addEventListener('dragleave', () => {
  document.body.classList.remove('over');
});
addEventListener('drop', (event) => {
  event.preventDefault();
  document.body.classList.remove('over');
  void openFile(event.dataTransfer?.files[0]);
});

async function openScene(): Promise<void> {
  const { image } = await drawnScene(scene++ % scenes.val, 'val', scenes);
  segment(pixelsOf(image, longest, { largest: 4 }));
}
element('scene').addEventListener('click', () => void openScene());

if ('serviceWorker' in navigator) {
  void navigator.serviceWorker
    .register('service-worker.js')
    .then(() => navigator.serviceWorker.ready)
    .then(() => {
      document.body.dataset['offline'] = 'ready';
    })
    // Without one the page works all the same while there is a network: in private windows, from a file.
    .catch(() => undefined);
}
void openScene();
