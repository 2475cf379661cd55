/**
 * Resizes float values bilinearly with half-pixel centers and no antialias: what evaluation does to the normalized image.
 *
 * @param values - `[height, width, channels]`.
 * @returns `[outHeight, outWidth, channels]`.
 */
export function squash(
  values: Float32Array,
  from: readonly [height: number, width: number],
  to: readonly [height: number, width: number],
): Float32Array {
  const [height, width] = from;
  const channels = values.length / (height * width);
  const rows = neighbors(height, to[0]);
  const columns = neighbors(width, to[1]);
  const out = new Float32Array(to[0] * to[1] * channels);
  let o = 0;
  for (let y = 0; y < to[0]; y++) {
    const above = rows.low[y]! * width;
    const below = rows.high[y]! * width;
    const down = rows.weight[y]!;
    for (let x = 0; x < to[1]; x++) {
      const left = columns.low[x]!;
      const right = columns.high[x]!;
      const across = columns.weight[x]!;
      for (let c = 0; c < channels; c++) {
        const upper =
          values[(above + left) * channels + c]! * (1 - across) +
          values[(above + right) * channels + c]! * across;
        const lower =
          values[(below + left) * channels + c]! * (1 - across) +
          values[(below + right) * channels + c]! * across;
        out[o++] = upper * (1 - down) + lower * down;
      }
    }
  }
  return out;
}

function neighbors(
  input: number,
  output: number,
): { low: Int32Array; high: Int32Array; weight: Float32Array } {
  const low = new Int32Array(output);
  const high = new Int32Array(output);
  const weight = new Float32Array(output);
  for (let i = 0; i < output; i++) {
    const position = Math.max(0, ((i + 0.5) * input) / output - 0.5);
    low[i] = Math.min(input - 1, Math.floor(position));
    high[i] = Math.min(input - 1, low[i]! + 1);
    weight[i] = position - low[i]!;
  }
  return { low, high, weight };
}
