/** All parts one after the other, in memory of their own. */
export function concatenate(parts: Iterable<Uint8Array>): Uint8Array {
  const all = [...parts];
  const out = new Uint8Array(all.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of all) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
