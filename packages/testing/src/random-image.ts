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
