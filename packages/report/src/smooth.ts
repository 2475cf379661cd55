/** Shorter series are shown as they are. */
export const smoothedFrom = 40;

/** Exponential mean over about a twelfth of the values, corrected for its start; gaps stay gaps. */
export function smooth(values: readonly (number | null)[]): readonly (number | null)[] {
  const keep = 1 - 2 / (values.length / 12 + 1);
  let total = 0;
  let weight = 0;
  return values.map((value) => {
    if (value === null) return null;
    total = keep * total + (1 - keep) * value;
    weight = keep * weight + (1 - keep);
    return total / weight;
  });
}
