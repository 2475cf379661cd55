/** The largest difference between equally named values, relative to the second, and its name; NaN counts as largest. */
export function largestDifference(
  actual: Readonly<Record<string, number>>,
  expected: Readonly<Record<string, number>>,
): { difference: number; term: string } {
  let largest = { difference: 0, term: '' };
  for (const [term, value] of Object.entries(expected)) {
    const difference = Math.abs((actual[term] ?? NaN) - value) / Math.abs(value);
    if (!(difference <= largest.difference)) largest = { difference, term };
    if (Number.isNaN(difference)) break;
  }
  return largest;
}
