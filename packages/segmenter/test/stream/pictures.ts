import { setTimeout as sleep } from 'node:timers/promises';
import type { NetworkParams } from '@toco/network';
import { mapTree, type TensorTree } from '@toco/core';
import { testNumbers } from '@toco/testing';
import type { VitParams } from '@toco/backbone';
import * as tf from '@tensorflow/tfjs-core';
import type { SegmenterImage } from '../../src/finish/segmenter-image.js';
import { smallNetwork } from '../small-network.js';

/** Parameters whose logits differ from token to token far more than rounding does. */
export function spreadParams(): NetworkParams<VitParams> {
  const { params } = smallNetwork().init(7);
  const decoder = mapTree(params.decoder as unknown as TensorTree, (weight) => tf.mul(weight, 4));
  return { ...params, decoder } as unknown as NetworkParams<VitParams>;
}

/** A picture of soft blobs, the same for the same seed. */
export function picture(
  height: number,
  width: number,
  seed: number,
): SegmenterImage & { readonly id: string } {
  const random = testNumbers(seed);
  const blobs = Array.from({ length: 5 }, () => ({
    y: random() * height,
    x: random() * width,
    radius: 4 + random() * 12,
    color: [random() * 255, random() * 255, random() * 255],
  }));
  const data = new Uint8Array(height * width * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) {
        const light = blobs.reduce((sum, blob) => {
          const square = ((y - blob.y) ** 2 + (x - blob.x) ** 2) / blob.radius ** 2;
          return sum + blob.color[c]! * Math.exp(-square);
        }, 20);
        data[(y * width + x) * 3 + c] = Math.min(255, light);
      }
    }
  }
  return { id: `${height}×${width}, ${seed}`, height, width, data };
}

/** All results of a stream. */
export async function collect<T>(results: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const result of results) all.push(result);
  return all;
}

/** Largest difference of two arrays. */
export function apart(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let most = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    if (!(difference <= most)) most = difference;
  }
  return most;
}

/** Tasks that end when as many as `together` are under way, or when all of `count` have begun. */
export function tasksTogether(together: number, count: number): { most: number; task(): Promise<void> } {
  let [begun, running] = [0, 0];
  const tasks = {
    most: 0,
    async task(): Promise<void> {
      begun++;
      tasks.most = Math.max(tasks.most, ++running);
      while (tasks.most < together && begun < count) await sleep(5);
      // Time for one more to begin that should not.
      await sleep(20);
      running--;
    },
  };
  return tasks;
}
