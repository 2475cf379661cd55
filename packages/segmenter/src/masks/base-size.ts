import type { Size } from './resize-planes.js';
import type { Protocol, ProtocolSize } from '../protocol/protocol.js';

/** The size that a protocol brings an image to before it is scaled. */
export function baseSize({ height, width }: Size, size: ProtocolSize): Size {
  if (size === 'native') return { height, width };
  if ('squash' in size) return { height: size.squash, width: size.squash };
  const factor = size.shorter / Math.min(height, width);
  return { height: Math.round(height * factor), width: Math.round(width * factor) };
}

/** Whether every pass of a protocol has one shape, whatever the images. */
export function isFixed({ size, window }: Pick<Protocol, 'size' | 'window'>): boolean {
  return window === undefined && size !== 'native' && 'squash' in size;
}
