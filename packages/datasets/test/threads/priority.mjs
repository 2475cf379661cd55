import { getPriority } from 'node:os';

/** Priority of the thread that runs this, and the first byte of what it was given. */
export function priorityAndByte(bytes) {
  return { priority: getPriority(0), byte: bytes[0] };
}
