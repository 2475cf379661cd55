import { fileURLToPath } from 'node:url';

// Frames may be those of a package's sources, where source maps are in use.
const foreign =
  /node:|[\\/]@tensorflow[\\/+]|[\\/]tfjs-[a-z-]+[\\/](src|dist)[\\/]|[\\/](koffi|seedrandom)[\\/]/;
const own = fileURLToPath(new URL('.', import.meta.url));
/** Folder of all packages of ours: that of a clone, or of an installation. */
const packages = fileURLToPath(new URL('../../', import.meta.url));

/** Frames that a stack has where it is looked at at once: TensorFlow.js' and ours may be many. */
const deepest = 128;

/** A point in the user's program, remembered cheaply and worked out only when a message needs it. */
export type CallSite = () => string;

/** Remembers where the caller is. */
export function callSite(): CallSite {
  const { stack } = { stack: new Error() };
  return () => placeOf(stack.stack ?? '');
}

/** Where the caller is, however deep our own frames are. */
export function currentPlace(): string {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = deepest;
  try {
    return callSite()();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/**
 * The first frame of a stack that is neither Node's, nor TensorFlow.js', nor of a package of ours: the user's line. Where there is none,
 * the first that is not this package's.
 */
export function placeOf(stack: string): string {
  let ours: string | undefined;
  for (const line of stack.split('\n').slice(1)) {
    const frame = /\(?((?:file:\/\/|\/|[A-Za-z]:\\).*):(\d+:\d+)\)?$/.exec(line);
    if (!frame || foreign.test(line)) continue;
    const path = pathOf(frame[1]!);
    const place = `${path}:${frame[2]!}`;
    if (!isOurs(path)) return place;
    if (!path.startsWith(own)) ours ??= place;
  }
  return ours ?? 'an unknown place';
}

function pathOf(written: string): string {
  if (!written.startsWith('file:')) return written;
  try {
    return fileURLToPath(written);
  } catch {
    return written.replace(/^file:\/\//, '');
  }
}

/** Whether a file is of one of our packages, wherever it is installed. Tests and examples of a clone are not. */
function isOurs(path: string): boolean {
  if (/[\\/]node_modules[\\/]@toco[\\/]/.test(path)) return true;
  return path.startsWith(packages) && /^[^\\/]+[\\/](?:src|dist|bin)[\\/]/.test(path.slice(packages.length));
}
