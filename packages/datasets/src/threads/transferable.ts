import * as threads from 'node:worker_threads';

/** Node 21 and later refuse to hand over some buffers (those of zlib, say), and can be asked; Node 20 copies them. */
const { isMarkedAsUntransferable = () => false } = threads as {
  isMarkedAsUntransferable?: (buffer: object) => boolean;
};

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
    const { buffer, byteLength } = value;
    const whole = buffer instanceof ArrayBuffer && byteLength === buffer.byteLength;
    if (whole && !isMarkedAsUntransferable(buffer)) buffers.add(buffer);
    return;
  }
  for (const part of Object.values(value)) collect(part, buffers);
}
