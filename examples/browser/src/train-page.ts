// Draws scenes, has a worker train on them, and shows what it tells.
import { lossTerms } from '@toco/method';
import { heatOverlay, labelOverlay } from '@toco/segmenter';
import type { Failed } from './messages.js';
import { colorOf, drawnScene, pixelsOf, show } from './pictures.js';
import type { Begun, Command, Iteration, Seen, TrainingScenes } from './train-messages.js';

const side = 64;
const classes = ['boat', 'mushroom', 'car'];
/** Scenes that a small network learns within minutes: one thing each, which shows what tells it. */
const scenes = {
  ...{ size: side, aspectRange: [1, 1] as const, classes, seed: 3, train: 256, val: 6 },
  ...{ classCounts: [1], strikingProbability: 1, distractors: 0, postProbability: 0 },
};

const element = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;
const [status, run, terms, rows] = ['status', 'run', 'terms', 'scenes'].map((id) => element(id));
const chart = element<HTMLCanvasElement>('losses');
const worker = new Worker(new URL('train-worker.js', location.href), { type: 'module' });
const send = (command: Command): void => {
  worker.postMessage(command);
};

const history: Iteration[] = [];
let goesOn = true;
let backend = '';
const shown: { scenes?: TrainingScenes } = {};

worker.addEventListener('message', ({ data }: MessageEvent<Begun | Iteration | Seen | Failed>) => {
  if (data.kind === 'failed') status!.textContent = data.message;
  else if (data.kind === 'begun') ({ backend } = data);
  else if (data.kind === 'iteration') showIteration(data);
  else showSeen(data);
});
worker.addEventListener('error', ({ message }) => {
  status!.textContent = message;
});
run!.addEventListener('click', () => {
  goesOn = !goesOn;
  run!.textContent = goesOn ? 'Pause' : 'Go on';
  send({ kind: 'run', run: goesOn });
});

function showIteration(one: Iteration): void {
  history.push(one);
  document.body.dataset['iteration'] = String(one.iteration);
  status!.textContent = `Iteration ${one.iteration}, ${Math.round(one.milliseconds)} ms each on ${backend}.`;
  drawLosses();
}

const lossColors = ['#d2511c', '#b98500', '#0c8a69', '#8847c9', '#1d5fd0', '#c2307a'];

/** A line for each term, averaged over a few iterations, each on a scale of its own from 0 to its highest. */
function drawLosses(): void {
  const context = chart.getContext('2d')!;
  const { width, height } = chart;
  context.clearRect(0, 0, width, height);
  terms!.replaceChildren();
  for (const [i, term] of lossTerms.entries()) {
    const values = smoothed(history.map(({ losses }) => losses[term]));
    const known = values.filter((value) => value !== undefined);
    const highest = Math.max(...known);
    if (known.length === 0 || highest <= 0) continue;
    context.strokeStyle = lossColors[i]!;
    context.lineWidth = 2;
    context.beginPath();
    values.forEach((value, at) => {
      if (value === undefined) return;
      const x = (width * at) / Math.max(values.length - 1, 1);
      context.lineTo(x, height - 4 - (height - 8) * (value / highest));
    });
    context.stroke();
    const name = document.createElement('span');
    name.style.setProperty('--color', lossColors[i]!);
    name.textContent = `${term} ${known.at(-1)!.toFixed(3)}`;
    terms!.append(name);
  }
}

function smoothed(values: readonly (number | undefined)[]): (number | undefined)[] {
  let mean: number | undefined;
  return values.map((value) => {
    if (value !== undefined) mean = mean === undefined ? value : 0.9 * mean + 0.1 * value;
    return value === undefined ? undefined : mean;
  });
}

function showSeen({ iteration, scenes: seen }: Seen): void {
  document.body.dataset['seen'] = String(iteration);
  rows!.replaceChildren(
    ...seen.map(({ labels, cam, best, score }, i) => {
      const image = { width: side, height: side, data: shown.scenes!.val[i]! };
      const figure = document.createElement('figure');
      const caption = document.createElement('figcaption');
      caption.textContent = `${classes[best]!}, score ${score.toFixed(2)}`;
      const pictures = [
        image,
        heatOverlay(image, { width: side, height: side, channels: 1, data: cam }),
        labelOverlay(image, { width: side, height: side, data: labels }, { colorOf, ignoreIndex: 255 }),
      ].map((picture) => {
        const canvas = document.createElement('canvas');
        show(canvas, picture);
        return canvas;
      });
      figure.append(...pictures, caption);
      return figure;
    }),
  );
}

async function draw(list: 'train' | 'val'): Promise<{ pixels: Uint8Array[]; labels: Uint8Array[] }> {
  const all = await Promise.all(Array.from({ length: scenes[list] }, (_, i) => drawnScene(i, list, scenes)));
  return {
    pixels: all.map(({ image }) => pixelsOf(image, side).data),
    labels: all.map(({ labels }) => labels),
  };
}

const [train, val] = [await draw('train'), await draw('val')];
const drawn = { side, classes, train: train.pixels, trainLabels: train.labels, val: val.pixels };
shown.scenes = drawn;
status!.textContent = 'Starting …';
send({ kind: 'start', scenes: drawn });
