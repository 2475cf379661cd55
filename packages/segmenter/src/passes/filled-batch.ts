import type { HostTensor } from '@toco/core';
import type { PassImages, PassResult } from './pass-engine.js';

/** A batch filled up with black images, so that the last one is no shape of its own. */
export function filled({ data, shape: [batch, ...size] }: PassImages, fill: number): HostTensor {
  if (batch >= fill) return { data, shape: [batch, ...size] };
  const whole = new Float32Array((data.length / batch) * fill);
  whole.set(data);
  return { data: whole, shape: [fill, ...size] };
}

/** The outputs of the first images of a batch. */
export function firstOf(result: PassResult, batch: number): PassResult {
  const entries = Object.entries(result).map(([name, { data, shape, dtype }]) => {
    const [all = 1, ...rest] = shape;
    const part = (data as Float32Array).subarray(0, (data.length / all) * batch);
    return [name, { data: part, shape: [batch, ...rest], dtype }] as const;
  });
  return Object.fromEntries(entries) as PassResult;
}
