import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';

const scheme = 'file://';
let registered = false;

/**
 * Lets `loadGraphModel('file://…/model.json')` of TensorFlow.js read a folder, as it does with tfjs-node, on every backend.
 * Where another handler knows such addresses (a program may import tfjs-node as well), that one is used: TensorFlow.js refuses two.
 */
export function registerFileModels(): void {
  if (registered) return;
  registered = true;
  let asking = false;
  tf.io.registerLoadRouter((url) => {
    if (asking || typeof url !== 'string' || !url.startsWith(scheme)) return null!;
    asking = true;
    try {
      return tf.io.getLoadHandlers(url).length > 0 ? null! : { load: () => loadModel(url) };
    } finally {
      asking = false;
    }
  });
}

async function loadModel(url: string): Promise<tf.io.ModelArtifacts> {
  const path = fileURLToPath(url);
  const model = JSON.parse(await readFile(path, 'utf8')) as tf.io.ModelJSON;
  return tf.io.getModelArtifactsForJSON(model, async (manifest) => {
    const files = manifest.flatMap(({ paths }) => paths).map((name) => readFile(join(dirname(path), name)));
    const bytes = Buffer.concat(await Promise.all(files));
    const data = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
    return [manifest.flatMap(({ weights }) => weights), data];
  });
}
