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
