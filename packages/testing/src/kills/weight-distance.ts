import { join } from 'node:path';
import { readSafetensors } from '@toco/formats';

/** ‖a − b‖ / ‖b‖ over the weights of two runs after an iteration, all arrays together. */
export function weightDistance(a: string, b: string, iteration: number): number {
  const name = `iteration-${String(iteration).padStart(6, '0')}`;
  const [own, expected] = [a, b].map((run) =>
    readSafetensors(join(run, 'checkpoints', name, 'model.safetensors')),
  );
  let [difference, size] = [0, 0];
  for (const [path, { data }] of Object.entries(own!)) {
    const values = expected![path]!.data as Float32Array;
    (data as Float32Array).forEach((value, i) => {
      difference += (value - values[i]!) ** 2;
      size += values[i]! ** 2;
    });
  }
  return Math.sqrt(difference / size);
}
