/**
 * Numbers of class planes that batches are padded to: 2, 4, 8, … and all C.
 *
 * Each count in use is one more compilation of the step, so there are few; images of VOC show 1.5 classes on average.
 */
export function planeCounts(numClasses: number): number[] {
  const counts: number[] = [];
  for (let count = 2; count < numClasses; count *= 2) counts.push(count);
  return [...counts, numClasses];
}

/**
 * The classes that each image shows, ascending, padded with −1 to the smallest of `planeCounts` that holds them.
 *
 * @param labels `[B,C]`, 1 where the image shows the class
 * @returns `[B,M]`
 */
export function presentClasses(
  labels: ArrayLike<number>,
  [batch, numClasses]: readonly [number, number],
): { data: Int32Array; shape: [number, number] } {
  const present = Array.from({ length: batch }, (_, b) =>
    Array.from({ length: numClasses }, (_, c) => c).filter((c) => labels[b * numClasses + c]! > 0),
  );
  const most = Math.max(...present.map((classes) => classes.length));
  const count = planeCounts(numClasses).find((planes) => planes >= most)!;
  const data = new Int32Array(batch * count).fill(-1);
  present.forEach((classes, b) => {
    data.set(classes, b * count);
  });
  return { data, shape: [batch, count] };
}
