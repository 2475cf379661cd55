/** How much may be under way at once. */
export interface UnderWay<Item> {
  readonly atOnce: number;
  /** What an item takes while it is under way, in any unit. */
  readonly sizeOf: (item: Item) => number;
  /** No further item is asked for while those under way take more than this together. */
  readonly most: number;
}

/**
 * Results of `work` on items in their order, so many of them under way at once: the source is asked for the next item only when there
 * is room for it.
 */
export async function* inOrder<Item, Result>(
  items: AsyncIterable<Item>,
  { atOnce, sizeOf, most }: UnderWay<Item>,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const underWay: { readonly result: Promise<Result>; readonly size: number }[] = [];
  const taken = (): number => underWay.reduce((sum, { size }) => sum + size, 0);
  for await (const item of items) {
    const result = work(item);
    // Its turn comes later; until then a failure is nobody's.
    result.catch(() => undefined);
    underWay.push({ result, size: sizeOf(item) });
    while (underWay.length >= atOnce || (underWay.length > 0 && taken() > most)) {
      yield await underWay[0]!.result;
      underWay.shift();
    }
  }
  for (const { result } of underWay) yield await result;
}
