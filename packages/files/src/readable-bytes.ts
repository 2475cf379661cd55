/** A size for people: `261 MB`, `2.8 GB`. */
export function readableBytes(bytes: number): string {
  if (bytes < 1e9) return `${Math.ceil(bytes / 1e6)} MB`;
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
