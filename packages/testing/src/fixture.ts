import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { decodeSafetensors, type NDArray } from '@toco/formats';
import * as tf from '@tensorflow/tfjs-core';

const folder = new URL('../__fixtures__/', import.meta.url);

/** Arrays of one of the project's own fixture files, by key. */
export function fixtureArrays(name: string): Record<string, NDArray> {
  return decodeSafetensors(readFileSync(new URL(`${name}.safetensors`, folder)));
}

/** One of the project's own JSON fixtures. */
export function fixtureJson<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as T;
}

/** A tensor with the values of `array`: floats as float32, all integers as int32. */
export function toTensor(array: NDArray): tf.Tensor {
  const dtype = array.dtype.includes('float') ? 'float32' : 'int32';
  const data =
    dtype === 'float32'
      ? Float32Array.from(array.data as Float32Array)
      : Int32Array.from(array.data as Int32Array);
  return tf.tensor(data, [...array.shape], dtype);
}

/** Tensors of one of the project's own fixture files, by key. */
export function fixture(name: string): Record<string, tf.Tensor> {
  return Object.fromEntries(
    Object.entries(fixtureArrays(name)).map(([key, array]) => [key, toTensor(array)]),
  );
}

/**
 * Path of something in the team's folder of photographs and weights, which is not part of the repository:
 * `TOCO_SHARED`, else `../shared` beside the checkout; `undefined` where it is missing, and the caller's test skips aloud.
 */
export function sharedPath(relative: string): string | undefined {
  const base = process.env['TOCO_SHARED'] ?? fileURLToPath(new URL('../../../../shared', import.meta.url));
  const path = `${base}/${relative}`;
  return existsSync(path) ? path : undefined;
}

/** Tensors of one of the team's golden files, by key; `undefined` where the shared folder is missing. */
export function sharedGoldens(name: string): Record<string, tf.Tensor> | undefined {
  const path = sharedPath(`goldens/${name}.safetensors`);
  if (path === undefined) return undefined;
  return Object.fromEntries(
    Object.entries(decodeSafetensors(readFileSync(path))).map(([key, array]) => [key, toTensor(array)]),
  );
}
