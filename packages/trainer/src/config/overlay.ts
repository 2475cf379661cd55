/** `over` on `under`: objects key by key, everything else as a whole. */
export function overlay(under: unknown, over: unknown): unknown {
  if (!isObject(under) || !isObject(over)) return over;
  const entries = Object.entries(over).map(([key, value]) => [key, overlay(under[key], value)]);
  return { ...under, ...(Object.fromEntries(entries) as object) };
}

/** Whether a value is an object of keys. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
