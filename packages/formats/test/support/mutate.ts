import { FormatError } from '../../src/format-error.js';

const seed = Number(process.env['TOCO_SEED']);
/** A short form for every day; the job `formats` of `npm run test:long` takes many more. */
const usual = Number(process.env['TOCO_MUTATIONS'] ?? 1_000);

/** A small generator of repeatable pseudo-random integers (xorshift). */
function generator(): (below: number) => number {
  // Neighboring seeds differ in all bits; zero would stay zero.
  let state = Math.imul(seed + 1, 0x9e3779b1) || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const lengths = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0xffffffff];

/** Damages a copy of `bytes` once, in one of the ways files are damaged or forged. */
function damage(bytes: Uint8Array, other: Uint8Array, random: (below: number) => number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const at = random(Math.max(1, copy.length));
  const kind = random(8);
  if (kind === 0) copy[at]! ^= 1 << random(8);
  else if (kind === 1) copy[at] = random(256);
  else if (kind === 2) return copy.subarray(0, at);
  else if (kind === 3) {
    // A forged length, in either byte order and of 2, 4 or 8 bytes.
    const size = [2, 4, 8][random(3)]!;
    const value = lengths[random(lengths.length)]!;
    const view = new DataView(copy.buffer);
    if (at + size <= copy.length) {
      if (size === 2) view.setUint16(at, value & 0xffff, random(2) === 0);
      else if (size === 4) view.setUint32(at, value, random(2) === 0);
      else view.setBigUint64(at, BigInt(value) << BigInt(8 * random(5)), random(2) === 0);
    }
  } else if (kind === 4) {
    // Part of another file of the same kind in the middle of this one.
    const from = random(Math.max(1, other.length));
    const piece = other.subarray(from, from + 1 + random(64));
    return Uint8Array.from([...copy.subarray(0, at), ...piece, ...copy.subarray(at)]);
  } else if (kind === 5) {
    const end = at + 1 + random(16);
    return Uint8Array.from([...copy.subarray(0, at), ...copy.subarray(end)]);
  } else if (kind === 6) {
    // A digit of a length written in text.
    const digits = [...copy.keys()].filter((i) => copy[i]! >= 0x30 && copy[i]! <= 0x39);
    if (digits.length > 0) copy[digits[random(digits.length)]!] = 0x30 + random(10);
  } else copy.copyWithin(at, random(copy.length), random(copy.length) + 1);
  return copy;
}

/** What came of the damaged inputs: how many there were, were refused, and could still be read. */
export interface MutationReport {
  readonly inputs: number;
  readonly refused: number;
  readonly read: number;
  /** Longest time that one input took of the processor, in milliseconds. */
  readonly slowest: number;
  /** Most bytes by which one input made the process's typed arrays grow. */
  readonly largest: number;
}

/**
 * Feeds a reader damaged copies of `samples`. Callers bound the shares of what is read and refused, at least four standard
 * deviations (of a thousand inputs) from what they are, so that no seed fails by chance. Each must give a value, or a `FormatError` of one line; anything else (another
 * kind of error is a fault of ours) is thrown with the input that caused it. `times` as many inputs as usual are tried.
 */
export function mutate(
  samples: readonly Uint8Array[],
  read: (bytes: Uint8Array) => unknown,
  options: { times?: number; repair?: (bytes: Uint8Array) => Uint8Array } = {},
): MutationReport {
  const { times = 1, repair = (bytes) => bytes } = options;
  const inputs = usual * times;
  const random = generator();
  const report = { inputs, refused: 0, read: 0, slowest: 0, largest: 0 };
  for (let i = 0; i < inputs; i++) {
    let bytes = samples[random(samples.length)]!;
    for (let hits = 1 + random(3); hits > 0; hits--) {
      bytes = damage(bytes, samples[random(samples.length)]!, random);
    }
    bytes = repair(bytes);
    const before = process.memoryUsage().arrayBuffers;
    const start = process.cpuUsage();
    try {
      read(bytes);
      report.read++;
    } catch (error) {
      assertRefusal(error, bytes);
      report.refused++;
    }
    // Time of the processor: other programs on the machine don't count.
    const { user, system } = process.cpuUsage(start);
    report.slowest = Math.max(report.slowest, (user + system) / 1000);
    report.largest = Math.max(report.largest, process.memoryUsage().arrayBuffers - before);
  }
  return report;
}

function assertRefusal(error: unknown, bytes: Uint8Array): void {
  const isOneLine =
    error instanceof FormatError &&
    !/[\n\r\u2028\u2029]/.test(error.message) &&
    error.message.length > 0 &&
    error.message.length < 400;
  if (isOneLine) return;
  throw new Error(
    `not a one-line refusal (TOCO_SEED=${seed}), for the input ${Buffer.from(bytes).toString('base64')}`,
    {
      cause: error,
    },
  );
}
