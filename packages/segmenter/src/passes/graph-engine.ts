import type { HostTensor } from '@toco/core';
import * as tf from '@tensorflow/tfjs-core';
import { read } from './network-engine.js';
import type { PassEngine, PassImages, PassOutput, PassResult } from './pass-engine.js';

/** What an exported graph can do: the part of a `GraphModel` of `@tensorflow/tfjs-converter` that is used. */
export interface ExportedModel {
  /** What goes in and comes out, as `model.json` says it. */
  readonly modelSignature: object;
  execute(inputs: { readonly images: tf.Tensor }, outputs: string[]): tf.Tensor | tf.Tensor[];
}

/** The part of a signature that is used; sizes are decimal numbers. */
interface Signature {
  readonly inputs?: Ports;
  readonly outputs?: Ports;
}

type Ports = Readonly<
  Record<string, { readonly tensorShape?: { readonly dim?: readonly { readonly size: string | number }[] } }>
>;

function shapesOf(ports: Ports = {}): Map<string, number[]> {
  const entries = Object.entries(ports).map(
    ([name, { tensorShape }]) => [name, (tensorShape?.dim ?? []).map(({ size }) => Number(size))] as const,
  );
  return new Map(entries);
}

/** Names that an exported graph has for what a pass gives; of several the first one that is there. */
const exportedNames: Partial<Record<PassOutput, readonly string[]>> = {
  segLogits: ['segLogits', 'logits'],
  cam: ['cam'],
  camAux: ['camAux'],
  clsLogits: ['scores'],
  auxLogits: ['scoresAux'],
  attention: ['attention'],
  tokens: ['tokens'],
};

/**
 * Passes through a graph that `toco export` wrote. It takes images of one size and in one number: batches are cut and filled up to that,
 * and smaller images get black borders, as in training, whose maps are left out.
 *
 * @throws one line where it is no such graph
 */
export function graphEngine(model: ExportedModel): PassEngine & { readonly tokenDim: number } {
  const { inputs, outputs } = model.modelSignature as Signature;
  const [batch = 0, height = 0, width = 0, channels] = shapesOf(inputs).get('images') ?? [];
  const shapes = shapesOf(outputs);
  const namesOf = (output: PassOutput): string | undefined =>
    exportedNames[output]?.find((name) => shapes.has(name));
  const scores = shapes.get('scores') ?? shapes.get('cam') ?? [];
  const logits = shapes.get('segLogits') ?? shapes.get('logits');
  const numClasses = scores.at(-1) ?? (logits?.at(-1) ?? 1) - 1;
  // What lies on the token grid tells how wide a token is; without it no tiles can be put together, and none are needed.
  const grid = ['segLogits', 'cam', 'tokens', 'attention'].map((name) => shapes.get(name)).find(Boolean);
  if (channels !== 3 || !(batch > 0 && height > 0 && width > 0) || !(numClasses > 0))
    throw new Error(
      'segmenterOfGraph: this graph takes no images [B,S,S,3], or gives neither scores nor logits; export it with toco export.',
    );
  return {
    name: 'the exported graph',
    stride: grid ? height / grid[1]! : height,
    numClasses,
    tokenDim: shapes.get('tokens')?.[3] ?? 768,
    onlySize: { height, width },
    gives: (output) => namesOf(output) !== undefined,
    async run(images, wanted) {
      const names = wanted.map((output) => namesOf(output)!);
      const parts: PassResult[] = [];
      const whole = bordered(images, [height, width]);
      for (let first = 0; first < images.shape[0]; first += batch)
        parts.push(await runPart(slice(whole, first, batch), names));
      const [, h, w] = images.shape;
      const inside = (map: Required<HostTensor>): Required<HostTensor> =>
        map.shape.length < 4
          ? map
          : upperLeft(map, [(h * map.shape[1]!) / height, (w * map.shape[2]!) / width]);
      const entries = wanted.map((output, i) => {
        const joined = join(
          parts.map((part) => part[names[i] as PassOutput]!),
          images.shape[0],
        );
        // Scores leave the graph as probabilities.
        return [output, output === 'clsLogits' || output === 'auxLogits' ? logit(joined) : inside(joined)];
      });
      return Object.fromEntries(entries) as PassResult;
    },
    dispose: () => undefined,
  };

  async function runPart({ data, shape }: PassImages, names: string[]): Promise<PassResult> {
    const images = tf.tensor4d(data, [...shape]);
    const result = model.execute({ images }, names);
    const tensors = Array.isArray(result) ? result : [result];
    try {
      return await read(Object.fromEntries(tensors.map((tensor, i) => [names[i]!, tensor])));
    } finally {
      tf.dispose([images, tensors]);
    }
  }
}

/** `count` images from `first` on, black ones where there are no more. */
function slice({ data, shape: [, ...size] }: PassImages, first: number, count: number): PassImages {
  const length = size.reduce((product, side) => product * side, 1);
  const part = data.subarray(first * length, (first + count) * length);
  const whole = new Float32Array(count * length);
  whole.set(part);
  return { data: whole, shape: [count, ...size] };
}

/** The first `count` rows of what several runs gave. */
function join(parts: readonly Required<HostTensor>[], count: number): Required<HostTensor> {
  const [, ...rest] = parts[0]!.shape;
  const length = rest.reduce((product, side) => product * side, 1);
  const data = new Float32Array(count * length);
  let at = 0;
  for (const part of parts) {
    const values = (part.data as Float32Array).subarray(0, data.length - at);
    data.set(values, at);
    at += values.length;
  }
  return { data, shape: [count, ...rest], dtype: 'float32' };
}

function logit({ data, ...rest }: Required<HostTensor>): Required<HostTensor> {
  return { ...rest, data: (data as Float32Array).map((p) => Math.log(p / (1 - p))) };
}

/** Images with black below and to the right of them. */
function bordered(
  { data, shape: [batch, h, w, channels] }: PassImages,
  [height, width]: readonly [number, number],
): PassImages {
  if (h === height && w === width) return { data, shape: [batch, h, w, channels] };
  const out = new Float32Array(batch * height * width * channels);
  for (let b = 0; b < batch; b++) {
    for (let y = 0; y < h; y++) {
      const from = (b * h + y) * w * channels;
      out.set(data.subarray(from, from + w * channels), (b * height + y) * width * channels);
    }
  }
  return { data: out, shape: [batch, height, width, channels] };
}

/** The upper left part of maps. */
function upperLeft(
  { data, shape, dtype }: Required<HostTensor>,
  [h, w]: readonly [number, number],
): Required<HostTensor> {
  const [batch, height, width, channels] = shape as [number, number, number, number];
  if (h === height && w === width) return { data, shape, dtype };
  const out = new Float32Array(batch * h * w * channels);
  for (let b = 0; b < batch; b++) {
    for (let y = 0; y < h; y++) {
      const from = (b * height + y) * width * channels;
      out.set((data as Float32Array).subarray(from, from + w * channels), (b * h + y) * w * channels);
    }
  }
  return { data: out, shape: [batch, h, w, channels], dtype };
}
