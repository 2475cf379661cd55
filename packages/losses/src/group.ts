/** Number of groups of `groupSize` images in a batch; the whole batch is one group where no size is given. */
export function numGroups(name: string, batch: number, groupSize: number = batch): number {
  if (!Number.isInteger(groupSize) || groupSize < 1 || batch % groupSize !== 0) {
    throw new Error(
      `${name}: groupSize ${groupSize} does not divide the batch of ${batch} images; choose a divisor`,
    );
  }
  return batch / groupSize;
}
