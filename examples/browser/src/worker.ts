// Computes what the page shows, so that the page never stands still: the network that `toco export` wrote, on the best backend.
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import { segmenterOfGraph } from '@toco/segmenter';
import { readyBackend } from './backend.js';
import type { Failed, Found, Pixels, Ready } from './messages.js';

const post = (message: Ready | Found | Failed): void => {
  self.postMessage(message);
};

async function start(): Promise<(id: number, image: Pixels) => Promise<void>> {
  const backend = await readyBackend(self.name === '' ? undefined : [self.name]);
  const model = await loadGraphModel(new URL('model/model.json', self.location.href).href);
  const { classes: labels = [] } = model.metadata as { classes?: string[] };
  const outputs = ['labels', 'cam', 'scores', 'tokens'] as const;
  const segmenter = segmenterOfGraph(model, { outputs });
  post({ kind: 'ready', backend, labels });
  return async (id, image) => {
    const began = performance.now();
    for await (const { labels, classes, cam, scores, tokens } of segmenter.segment([image])) {
      const milliseconds = performance.now() - began;
      post({ kind: 'found', id, labels, classes, cam, scores, tokens, milliseconds });
    }
  };
}

const fail = (error: unknown): void => {
  post({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
};

const ready = start();
ready.catch(fail);
self.addEventListener('message', ({ data }: MessageEvent<{ id: number; image: Pixels }>) => {
  void ready.then((segment) => segment(data.id, data.image)).catch(fail);
});
