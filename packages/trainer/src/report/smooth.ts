/**
 * Exponential mean over about a twentieth of the values, corrected for its start; gaps stay gaps. Series of fewer than 40
 * values are returned as they are.
 */
export function smooth(values: readonly (number | null)[]): readonly (number | null)[] {
  if (values.length < 40) return values;
  const keep = 1 - 2 / (values.length / 20 + 1);
  let total = 0;
  let weight = 0;
  return values.map((value) => {
    if (value === null) return null;
    total = keep * total + (1 - keep) * value;
    weight = keep * weight + (1 - keep);
    return total / weight;
  });
}
