import { fileURLToPath } from 'node:url';

// Frames may be those of a package's sources, where source maps are in use.
const foreign =
  /node:|[\\/]@tensorflow[\\/+]|[\\/]tfjs-[a-z-]+[\\/](src|dist)[\\/]|[\\/](koffi|seedrandom)[\\/]/;
const own = fileURLToPath(new URL('.', import.meta.url));

/** A point in the user's program, remembered cheaply and worked out only when a message needs it. */
export type CallSite = () => string;

/** Remembers where the caller is. */
export function callSite(): CallSite {
  const { stack } = { stack: new Error() };
  return () => describe(stack.stack ?? '');
}

/** First frame of a stack that is neither Node's, nor TensorFlow.js's, nor this package's. */
function describe(stack: string): string {
  for (const line of stack.split('\n').slice(1)) {
    const place = /\(?((?:file:\/\/|\/|[A-Za-z]:\\).*:\d+:\d+)\)?$/.exec(line)?.[1];
    if (place === undefined || foreign.test(line)) continue;
    const path = place.startsWith('file:') ? place.replace(/^file:\/\//, '') : place;
    if (!path.startsWith(own)) return path;
  }
  return 'an unknown place';
}
