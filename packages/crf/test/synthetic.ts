/** Uniform numbers in [0, 1) from a linear congruential generator. */
export function randomArray(length: number, seed: number): Float32Array {
  let state = (seed * 2654435761) >>> 0;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) / 2 ** 24;
  });
}

/** Smooth shades with noise, levels 0…255, `[pixels, 3]`. */
export function randomImage(pixels: number, seed: number): Float32Array {
  const noise = randomArray(pixels * 3, seed);
  return noise.map((value, i) =>
    Math.round(127 + 90 * Math.sin(i / 41 + (i % 3) * 2) * Math.cos(i / 300) + 36 * (value - 0.5)),
  );
}

/** One channel filtered by the exact bilateral kernel. */
export function bruteForce(
  image: Float32Array,
  values: Float32Array,
  { height, width, sigmaXy, sigmaRgb }: { height: number; width: number; sigmaXy: number; sigmaRgb: number },
): Float32Array {
  return values.map((_, p) => {
    let sum = 0;
    for (let q = 0; q < height * width; q++) {
      const dx = ((p % width) - (q % width)) / sigmaXy;
      const dy = (Math.floor(p / width) - Math.floor(q / width)) / sigmaXy;
      let square = dx * dx + dy * dy;
      for (let c = 0; c < 3; c++) square += ((image[p * 3 + c]! - image[q * 3 + c]!) / sigmaRgb) ** 2;
      sum += Math.exp(-square / 2) * values[q]!;
    }
    return sum;
  });
}

/** Number of pixels whose most probable classes differ. */
export function differentLabels(a: Float32Array, b: Float32Array, classes: number): number {
  const label = (q: Float32Array, start: number): number => {
    const own = q.subarray(start, start + classes);
    return own.indexOf(Math.max(...own));
  };
  let count = 0;
  for (let start = 0; start < a.length; start += classes) if (label(a, start) !== label(b, start)) count++;
  return count;
}
