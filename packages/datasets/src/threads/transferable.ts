/** The buffers of all typed arrays within plain data: handed over to another thread instead of copied. */
export function transferableBuffers(value: unknown): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  collect(value, buffers);
  return [...buffers];
}

function collect(value: unknown, buffers: Set<ArrayBuffer>): void {
  if (typeof value !== 'object' || value === null) return;
  if (ArrayBuffer.isView(value)) {
    // A view of part of a buffer may share it with others (Node's pool of small buffers): that one is copied.
    if (value.buffer instanceof ArrayBuffer && value.byteLength === value.buffer.byteLength)
      buffers.add(value.buffer);
    return;
  }
  for (const part of Object.values(value)) collect(part, buffers);
}
